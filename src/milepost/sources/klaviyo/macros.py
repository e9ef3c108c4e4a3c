"""The small readings of one value (money, lists of texts, parts of a query) as DuckDB macros; whole rows are in `orders_sql`."""

from __future__ import annotations

MACROS = (
    """CREATE OR REPLACE MACRO possible(t) AS
      CASE WHEN t BETWEEN TIMESTAMPTZ '1900-01-01 00:00:00+00' AND TIMESTAMPTZ '2200-01-01 00:00:00+00' THEN t END""",
    # A number, or a number as text ("1,299.00"). NULL where it is neither.
    """CREATE OR REPLACE MACRO plain_money(t) AS CASE WHEN t IS NOT NULL THEN coalesce(TRY_CAST(t AS DECIMAL(18,4)),
      CASE WHEN regexp_full_match(t, '\\s*-?\\d{1,3}(,\\d{3})+(\\.\\d*)?\\s*') THEN TRY_CAST(replace(t, ',', '') AS DECIMAL(18,4)) END) END""",
    """CREATE OR REPLACE MACRO cents(n, digits) AS
      TRY_CAST(n || 'e-' || coalesce(digits, '2') AS DECIMAL(18,4))""",
    """CREATE OR REPLACE MACRO nested_money(v) AS
      coalesce(plain_money(v[1]), plain_money(v[2]), cents(v[3], v[4]), cents(v[5], v[6]))""",
    # The same, or an object with an amount or with cents.
    """CREATE OR REPLACE MACRO money(t) AS CASE
      WHEN starts_with(t, '{') THEN CASE WHEN json_valid(t) THEN nested_money(json_extract_string(t,
        ['/amount', '/shop_money/amount', '/centAmount', '/fractionDigits', '/value/centAmount', '/value/fractionDigits'])) END
      ELSE plain_money(t) END""",
    # A list of texts, one text, or a list of objects with a code or a name; a text may look like a list and not be one.
    """CREATE OR REPLACE MACRO texts(t) AS CASE
      WHEN starts_with(t, '[') THEN CASE
        WHEN NOT json_valid(t) THEN [t]
        WHEN starts_with(t, '[{') THEN coalesce(nullif(t ->> '$[*].code', []), nullif(t ->> '$[*].name', []), t ->> '$[*]')
        ELSE t ->> '$[*]' END
      WHEN t IS NOT NULL THEN [t] END""",
    # A name for each language: the first.
    """CREATE OR REPLACE MACRO in_one_language(t) AS CASE
      WHEN starts_with(t, '{') THEN CASE WHEN json_valid(t) THEN (t ->> '$.*')[1] ELSE t END ELSE t END""",
    # How a list of items is written: objects, names, empty, or in a way that nobody knows.
    """CREATE OR REPLACE MACRO items_shape(t) AS CASE
      WHEN t IS NULL THEN 'none'
      WHEN NOT starts_with(t, '[') OR NOT json_valid(t) THEN 'unknown'
      WHEN starts_with(t, '[{') THEN 'objects'
      WHEN starts_with(t, '["') THEN 'names'
      ELSE 'unknown' END""",
    # An instant, as text or as seconds; a date that no shop can mean is none.
    """CREATE OR REPLACE MACRO moment(stamp, seconds) AS coalesce(possible(TRY_CAST(stamp AS TIMESTAMPTZ)),
      CASE WHEN TRY_CAST(seconds AS BIGINT) BETWEEN 0 AND 7258118400 THEN to_timestamp(TRY_CAST(seconds AS BIGINT)) END)""",
    # A parameter of a query that begins with `&`. Plain text functions: a regular expression takes five times as long.
    """CREATE OR REPLACE MACRO query_value(query, name) AS
      CASE WHEN contains(query, name) THEN split_part(split_part(query, name, 2), '&', 1) END""",
    """CREATE OR REPLACE MACRO decoded(t) AS
      CASE WHEN contains(t, '%') OR contains(t, '+') THEN coalesce(TRY(url_decode(replace(t, '+', ' '))), t) ELSE t END""",
)
