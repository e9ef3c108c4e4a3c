"""One changed row as a value, and its SQL; deciding what changes does not belong here."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import sql

CUSTOMERS = "customers"
ADDRESSES = "addresses"


class Verb(StrEnum):
    """What happens to the row."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row inserted, updated or deleted: `values` has the other columns (update: the changed ones; delete: none)."""

    verb: Verb
    table: str
    key: str
    values: Mapping[str, object] = field(default_factory=dict)


def statement(change: RowChange) -> tuple[sql.Composed, list[object]]:
    """The SQL text, identifiers quoted, and the values to bind."""
    from psycopg import sql

    table, key = sql.Identifier(change.table), sql.Identifier("id")
    columns = [sql.Identifier(name) for name in change.values]
    match change.verb:
        case Verb.INSERT:
            names, marks = (
                sql.SQL(", ").join([key, *columns]),
                sql.SQL(", ").join([sql.Placeholder()] * (len(columns) + 1)),
            )
            return sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(table, names, marks), [
                change.key,
                *change.values.values(),
            ]
        case Verb.UPDATE:
            pairs = sql.SQL(", ").join(sql.SQL("{} = %s").format(column) for column in columns)
            text = sql.SQL("UPDATE {} SET {} WHERE {} = %s").format(table, pairs, key)
            return text, [*change.values.values(), change.key]
        case Verb.DELETE:
            return sql.SQL("DELETE FROM {} WHERE {} = %s").format(table, key), [change.key]
