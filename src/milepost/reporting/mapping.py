"""Raw rows of any source to rows of the reporting schema, column by column in DuckDB. The tables are in `names.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from milepost.errors import UnknownName
from milepost.model.faults import did_you_mean
from milepost.reporting.forms import cleaned, form, in_zone, native
from milepost.reporting.names import ENVELOPES, SOURCES, SourceNames
from milepost.reporting.schema import COLUMNS, NAMES, RATES, denominators, derived, engagement, sql_type
from milepost.schema import DOUBLE, TEXT

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_GIVEN = tuple(column for column in COLUMNS if column.name not in {"client_id", "engagement_score"})
_IDENTITY = ("date", "coalesce(campaign_id, campaign_name)", "channel", "message")


@dataclass(frozen=True, slots=True)
class Mapped:
    """The outcome: every raw row is in `rows` or in `refused`.

    `rows` has the reporting schema. `refused`: row (its number, from 1), reason, raw (the row as JSON). `unknown_fields`: how
    many values each unknown field has; their values are kept in `aside`, beside the row's number.
    """

    rows: pa.Table
    refused: pa.Table
    unknown_fields: Mapping[str, int]
    aside: pa.Table


def map_rows(source: str, table: pa.Table, *, client_id: str, zone: ZoneInfo) -> Mapped:
    """Map the raw rows of `source` (klaviyo, fivetran, supermetrics) of one client, whose account is in `zone`.

    Structs are read as the fields in them; a field that is absent or null is null. A row is refused where a value cannot be
    read, where it has no day, where it is deleted at the source, or where its identity (day, campaign, channel, message)
    stands more than once: of equal rows the first stays, of differing ones none. Raises UnknownName.
    """
    import duckdb
    import pyarrow as pa

    if source not in SOURCES:
        raise UnknownName(
            f"there is no mapping for source {source!r}{did_you_mean(source, SOURCES)}",
            hint=f"one of: {', '.join(SOURCES)}",
        )
    names = SOURCES[source]
    flat = _flattened(table)
    positions, unknown = _positions(names, flat.column_names)
    numbers = pa.array(range(1, flat.num_rows + 1), pa.int64())
    with duckdb.connect() as con:
        con.execute("SET TimeZone = '" + ("UTC" if names.naive == "utc" else zone.key).replace("'", "") + "'")
        plain = flat.rename_columns([f"c{i}" for i in range(flat.num_columns)])
        con.register("arrow_rows", plain.add_column(0, "row", numbers))
        typed = _raw_view(con, flat, positions)
        con.execute(_values_sql(typed), {"client": client_id, "zone": zone.key})
        _refuse_duplicates(con)
        rows = con.sql(_rows_sql()).to_arrow_table()
        refused = _refused(con, flat.column_names)
    rows = rows.cast(rows.schema.set(NAMES.index("send_time"), pa.field("send_time", pa.timestamp("us", tz="UTC"))))
    filled = {flat.column_names[i]: flat.num_rows - flat.column(i).null_count for i in unknown}
    return Mapped(rows, refused, filled, flat.select(unknown).add_column(0, "row", numbers))


def _flattened(table: pa.Table) -> pa.Table:
    """Structs taken apart until there is none: `attributes.name`."""
    import pyarrow as pa

    while any(pa.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    return table


def _positions(names: SourceNames, columns: Sequence[str]) -> tuple[dict[str, list[int]], list[int]]:
    """Positions of the raw columns by what they are mapped to, in order of preference; and those of unknown ones."""
    where: dict[str, int] = {}
    for position, column in enumerate(columns):
        where.setdefault(_plain(column), position)
    targets = {**names.columns, "message": names.message, "deleted": names.deleted, "client_id": ("client_id",)}
    positions = {target: [where[raw] for raw in raws if raw in where] for target, raws in targets.items()}
    known = {position for found in positions.values() for position in found}
    known |= {where[name] for name in names.unreported if name in where}
    return positions, [position for position in range(len(columns)) if position not in known]


def _plain(column: str) -> str:
    """The name without the envelopes around it, which nest in any order."""
    while any(column.startswith(envelope) for envelope in ENVELOPES):
        column = column.split(".", 1)[1]
    return column


def _raw_view(
    con: duckdb.DuckDBPyConnection, flat: pa.Table, positions: Mapping[str, Sequence[int]]
) -> dict[str, Callable[[str], str]]:
    """View `raw`: row, every raw column, and what each target is made of, `t_<target>`: a cleaned text or a typed column.

    Returns the expressions of the targets that are made of a typed column.
    """
    import pyarrow as pa

    def text(position: int) -> str:
        kind = flat.schema.field(position).type
        listed = pa.types.is_list(kind) or pa.types.is_large_list(kind)
        return f"array_to_string(c{position}, ',')" if listed else f"CAST(c{position} AS VARCHAR)"

    natives: dict[str, Callable[[str], str]] = {}
    made_of: list[str] = []
    for column in _GIVEN:
        found = positions.get(column.name, ())
        typed = native(column, _kind(flat.schema.field(found[0]).type)) if len(found) == 1 else None
        if typed is not None:
            natives[column.name] = typed
            missing = f"CASE WHEN NOT isnan(c{found[0]}) THEN c{found[0]} END"
            made_of.append(missing if column.type == DOUBLE else f"c{found[0]}")
        else:
            made_of.append(_first([cleaned(column, text(position)) for position in found]))
    targets = [f"{value} AS t_{column.name}" for column, value in zip(_GIVEN, made_of, strict=True)]
    targets += [
        f"{_first([cleaned(None, text(position)) for position in positions[target]])} AS t_{target}"
        for target in ("client_id", "message", "deleted")
    ]
    con.execute(f"CREATE TEMP VIEW raw AS SELECT *, {', '.join(targets)} FROM arrow_rows")
    return natives


def _first(values: Sequence[str]) -> str:
    return f"coalesce({', '.join(values)})" if values else "NULL::VARCHAR"


def _kind(arrow: pa.DataType) -> str:
    import pyarrow as pa

    kinds = ("integer", "decimal", "floating", "date", "timestamp")
    return next((kind for kind in kinds if getattr(pa.types, f"is_{kind}")(arrow)), "text")


def _values_sql(typed: Mapping[str, Callable[[str], str]]) -> str:
    """Table `mapped`: the row's number, its values, and why it is refused (empty: it is not)."""
    values = [f"{typed.get(c.name, form(c)[0])(f't_{c.name}')} AS {c.name}" for c in _GIVEN]
    refusals = [
        f"CASE WHEN t_{c.name} IS NOT NULL AND {c.name} IS NULL"
        f" THEN '{c.name} is ' || left(t_{c.name}::VARCHAR, 60) || ' (expected: {form(c)[1]})' END"
        for c in _GIVEN
        if c.type != TEXT or c.name == "currency"
    ]
    refusals += [
        f"CASE WHEN {rate.name} > {rate.most} THEN '{rate.name} is ' || {rate.name} || ' (expected: a fraction, at most 1)' END"
        for rate in RATES
        if rate.most is not None
    ]
    refusals += [
        "CASE WHEN t_date IS NULL AND t_send_time IS NULL THEN 'it has neither date nor send_time' END",
        "CASE WHEN TRY_CAST(t_deleted AS BOOLEAN) THEN 'it is deleted at the source' END",
        "CASE WHEN t_client_id <> $client THEN 'it is of client ' || t_client_id END",
    ]
    kept = ", ".join(column.name for column in _GIVEN if column.name != "date")
    return f"""
        CREATE TEMP TABLE mapped AS
        SELECT row, t_message AS message, coalesce(date, {in_zone("send_time")}) AS date, $client AS client_id, {kept},
               concat_ws('; ', {", ".join(refusals)}) AS reason
        FROM (SELECT *, {", ".join(values)} FROM raw)"""


def _refuse_duplicates(con: duckdb.DuckDBPyConnection) -> None:
    """Where an identity stands twice: keep the first of equal rows, refuse the rest; refuse all that differ."""
    keys = [f"k{i}" for i in range(len(_IDENTITY))]
    identity = ", ".join(f"{part} AS {key}" for part, key in zip(_IDENTITY, keys, strict=True))
    same = " AND ".join(f"keyed.{key} IS NOT DISTINCT FROM twice.{key}" for key in keys)
    content = ", ".join(column.name for column in _GIVEN)
    con.execute(f"""
        CREATE TEMP TABLE duplicates AS
        WITH keyed AS (SELECT *, {identity} FROM mapped WHERE reason = ''),
             twice AS (SELECT {", ".join(keys)} FROM keyed GROUP BY ALL HAVING count(*) > 1),
             multiple AS (SELECT keyed.*, row({content}) AS content FROM keyed JOIN twice ON {same})
        SELECT row, min(row) OVER same AS first, count(*) OVER same AS copies, count(*) OVER equal AS equals FROM multiple
        WINDOW same AS (PARTITION BY {", ".join(keys)}), equal AS (PARTITION BY {", ".join(keys)}, content)""")
    con.execute("""
        UPDATE mapped SET reason = CASE WHEN copies = equals THEN 'it is a duplicate of row ' || first
            ELSE 'its day, campaign and channel stand ' || copies || ' times with different values' END
        FROM duplicates WHERE duplicates.row = mapped.row AND (copies <> equals OR duplicates.row <> first)""")


def _rows_sql() -> str:
    """The accepted rows in the order they came: the source's own rate first, then the derived one."""
    zero, rates = denominators(), derived()
    values = {
        name: f"CASE WHEN {zero[name]} = 0 THEN NULL ELSE coalesce({name}, {expression}) END"
        for name, expression in rates.items()
    }
    kept = ", ".join(name for name in NAMES if name not in rates and name != "engagement_score")
    return f"""
        WITH rated AS (SELECT row, {kept}, {", ".join(f"{sql} AS {name}" for name, sql in values.items())}
                       FROM mapped WHERE reason = ''),
             scored AS (SELECT *, {engagement()} AS engagement_score FROM rated)
        SELECT {", ".join(f"{column.name}::{sql_type(column)} AS {column.name}" for column in COLUMNS)}
        FROM scored ORDER BY row"""


def _refused(con: duckdb.DuckDBPyConnection, columns: Sequence[str]) -> pa.Table:
    """The refused rows with their reason and themselves as JSON under their own names (bound, not spelled)."""
    raw = ", ".join(f"$n{i}, c{i}" for i in range(len(columns)))
    sql = f"""SELECT row, reason, json_object({raw})::VARCHAR AS raw FROM mapped JOIN raw USING (row)
              WHERE reason <> '' ORDER BY row"""
    return con.execute(sql, {f"n{i}": name for i, name in enumerate(columns)}).to_arrow_table()
