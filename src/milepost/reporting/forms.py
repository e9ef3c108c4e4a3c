"""How a raw text becomes a value of the reporting schema, as DuckDB expressions. Which text it is, is not its concern.

Every form gives NULL for a text that it cannot read; a text that is there and gives NULL refuses the row.
"""

from __future__ import annotations

from collections.abc import Callable

from milepost.schema import BIGINT, DATE, DOUBLE, MONEY, TIMESTAMPTZ, Column

_EARLIEST, _LATEST = "1999-12-31", "2100-01-01"  # outside stands 1970-01-01 for "none", or seconds read as years
_NO_NUMBER = "'', 'null', 'none', 'nan', 'n/a', '-', '--', '(not set)'"
_THOUSANDS = r"'^-?\d{1,3}(,\d{3})+(\.\d+)?$'"


def cleaned(column: Column | None, text: str) -> str:
    """The text without what stands for "no value"; only a number has words for that."""
    if column and column.type.kind.value in {"bigint", "decimal", "double"}:
        return f"CASE WHEN lower(trim({text})) IN ({_NO_NUMBER}) THEN NULL ELSE trim({text}) END"
    return f"nullif(trim({text}), '')"


def _number(text: str) -> str:
    """Thousands separators are taken out where they are that for certain; `0,45` stays unreadable."""
    certain = f"contains({text}, ',') AND regexp_full_match({text}, {_THOUSANDS})"
    return f"CASE WHEN {certain} THEN replace({text}, ',', '') ELSE {text} END"


def _count(text: str) -> str:
    exact = f"TRY_CAST({_number(text)} AS DECIMAL(38,6))"
    whole = f"CASE WHEN {exact} >= 0 AND {exact} = floor({exact}) THEN TRY_CAST({exact} AS BIGINT) END"
    # Arithmetic of 38 digits takes 18 s for a million texts, and nearly all of them are digits only.
    return rf"CASE WHEN regexp_full_match({text}, '\d{{1,18}}') THEN TRY_CAST({text} AS BIGINT) ELSE {whole} END"


def _money(text: str) -> str:
    return f"TRY_CAST({_number(text)} AS DECIMAL(18,4))"


def _rate(text: str) -> str:
    percent = f"TRY_CAST(rtrim(rtrim({text}, '%')) AS DOUBLE) / 100"
    value = f"CASE WHEN {text} LIKE '%\\%' ESCAPE '\\' THEN {percent} ELSE TRY_CAST({text} AS DOUBLE) END"
    return f"CASE WHEN isfinite({value}) AND {value} >= 0 THEN {value} END"


def _instant(text: str) -> str:
    """ISO 8601, or seconds since 1970; without a zone in the session's (whose clock, is the source's to say)."""
    seconds = rf"CASE WHEN regexp_full_match({text}, '\d{{9,10}}(\.0*)?') THEN to_timestamp({text}::DOUBLE) END"
    written = f"CASE WHEN {text}[5] = '-' THEN TRY_CAST({text} AS TIMESTAMPTZ) END"
    return _instant_in_range(f"coalesce({written}, {seconds})")


def _instant_in_range(value: str) -> str:
    return f"CASE WHEN {value} > TIMESTAMPTZ '{_EARLIEST}' AND {value} < TIMESTAMPTZ '{_LATEST}' THEN {value} END"


def _day(text: str) -> str:
    """A day as it stands; a whole instant with a zone is the day it falls on in the account's zone."""
    days = f"CASE WHEN length({text}) <= 10 AND {text}[5] = '-' THEN TRY_CAST({text} AS DATE) END"
    midnight = rf"CASE WHEN regexp_full_match({text}, '.{{10}}[T ]00:00(:00(\.0+)?)?') THEN TRY_CAST(left({text}, 10) AS DATE) END"
    packed = rf"CASE WHEN regexp_full_match({text}, '\d{{8}}') THEN TRY_STRPTIME({text}, '%Y%m%d')::DATE END"
    return _day_in_range(f"coalesce({days}, {midnight}, {packed}, {in_zone(_instant(text))})")


def _day_in_range(value: str) -> str:
    return f"CASE WHEN {value} > DATE '{_EARLIEST}' AND {value} < DATE '{_LATEST}' THEN {value} END"


def in_zone(instant: str) -> str:
    """The day on which an instant falls in the account's time zone."""
    return f"timezone($zone, {instant})::DATE"


def _code(text: str) -> str:
    return f"CASE WHEN regexp_full_match(upper({text}), '[A-Z]{{3}}') THEN upper({text}) END"


def _channel(text: str) -> str:
    plain = f"replace(lower({text}), '_', '-')"
    return f"CASE {plain} WHEN 'push-notification' THEN 'push' WHEN 'mobile-push' THEN 'push' ELSE {plain} END"


_BY_TYPE: dict[object, tuple[Callable[[str], str], str]] = {
    BIGINT: (_count, "a whole number from 0 up"),
    MONEY: (_money, "an amount"),
    DATE: (_day, "a day of this century"),
    TIMESTAMPTZ: (_instant, "an instant of this century"),
}
_BY_NAME: dict[str, tuple[Callable[[str], str], str]] = {
    "currency": (_code, "the three letters of a currency"),
    "channel": (_channel, "a channel"),
}


def form(column: Column) -> tuple[Callable[[str], str], str]:
    """(expression over a cleaned text, what the value should be in words) for a column of the reporting schema."""
    if column.name in _BY_NAME:
        return _BY_NAME[column.name]
    if column.type.kind.value == "double":
        return _rate, "a fraction from 0 up"
    return _BY_TYPE.get(column.type, (lambda text: text, "text"))


_NATIVE: dict[object, tuple[frozenset[str], Callable[[str], str]]] = {
    BIGINT: (frozenset({"integer"}), lambda c: f"CASE WHEN {c} >= 0 THEN TRY_CAST({c} AS BIGINT) END"),
    MONEY: (frozenset({"integer", "decimal"}), lambda c: f"TRY_CAST({c} AS DECIMAL(18,4))"),
    DOUBLE: (frozenset({"floating"}), lambda c: f"CASE WHEN isfinite({c}) AND {c} >= 0 THEN {c}::DOUBLE END"),
    DATE: (frozenset({"date"}), lambda c: _day_in_range(f"{c}::DATE")),
    TIMESTAMPTZ: (frozenset({"timestamp"}), lambda c: _instant_in_range(f"{c}::TIMESTAMPTZ")),
}


def native(column: Column, kind: str) -> Callable[[str], str] | None:
    """The expression over a raw column that has a type of that kind already; None where it must go through text.

    Kinds: integer, decimal, floating, date, timestamp. Through text the rows take two to three times as long.
    """
    kinds, expression = _NATIVE.get(column.type, (frozenset(), None))
    return expression if kind in kinds else None
