"""What tables a PostgreSQL schema has: columns, types, keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from milepost.dataset import Dataset
from milepost.schema import Column
from milepost.sources.sql.types import Reading, reading

# One row per column, in the order of the table; pk is the column's place in the primary key, or 0.
COLUMNS_SQL = """
SELECT c.relname AS table_name, c.relkind::text AS kind, a.attname AS column_name, base.typname AS type_name,
  COALESCE(element.typname, '') AS element, format_type(COALESCE(NULLIF(t.typbasetype, 0), t.oid),
  CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END) AS formatted, base.typtype::text AS type_kind,
  a.attnotnull AS required, COALESCE(array_position(pk.conkey, a.attnum), 0) AS pk
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
JOIN pg_catalog.pg_type base ON base.oid = COALESCE(NULLIF(t.typbasetype, 0), t.oid)
LEFT JOIN pg_catalog.pg_type element ON element.oid = base.typelem AND base.typcategory = 'A'
LEFT JOIN pg_catalog.pg_constraint pk ON pk.conrelid = c.oid AND pk.contype = 'p'
WHERE n.nspname = {schema} AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
ORDER BY c.relname, a.attnum
"""
_TABLES = frozenset({"r", "p"})


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view: its dataset, and how each column is read. `listed`: read where nothing is declared."""

    dataset: Dataset
    readings: dict[str, Reading]
    listed: bool


def quote(name: str) -> str:
    """An identifier in PostgreSQL's quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text constant; with standard_conforming_strings (the default since 9.1) only quotes are doubled."""
    return "'" + text.replace("'", "''") + "'"


def introspect(run: Callable[[str], Sequence[tuple[object, ...]]], schema: str) -> dict[str, Table]:
    """The tables of a schema by name. `run` answers a query."""
    by_table: dict[str, list[tuple[object, ...]]] = {}
    for row in run(COLUMNS_SQL.format(schema=literal(schema))):
        by_table.setdefault(str(row[0]), []).append(row)
    return {name: _table(name, rows) for name, rows in by_table.items()}


def _table(name: str, rows: list[tuple[object, ...]]) -> Table:
    columns, readings, key = [], {}, []
    for _, _, column, type_name, element, formatted, type_kind, required, place in rows:
        found = reading(quote(str(column)), str(type_name), str(element), str(formatted), enum=type_kind == "e")
        columns.append(Column(str(column), found.type, nullable=not required))
        readings[str(column)] = found
        if place:
            key.append((int(str(place)), str(column)))
    dataset = Dataset(name, tuple(columns), tuple(column for _, column in sorted(key)), origin=name)
    return Table(dataset, readings, str(rows[0][1]) in _TABLES)
