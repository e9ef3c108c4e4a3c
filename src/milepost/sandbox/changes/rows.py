"""One changed row as a value, and its SQL; deciding what changes does not belong here."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def statement(change: RowChange) -> tuple[bytes, list[object]]:
    """The SQL text, identifiers quoted, and the values to bind."""
    text = _text(change.verb, change.table, tuple(change.values))
    values = list(change.values.values())
    return text, [change.key, *values] if change.verb is Verb.INSERT else [*values, change.key]


@cache  # a few dozen texts; composing one takes as long as running it
def _text(verb: Verb, table: str, columns: tuple[str, ...]) -> bytes:
    from psycopg import sql

    name, key = sql.Identifier(table), sql.Identifier("id")
    others = [sql.Identifier(column) for column in columns]
    comma, mark = sql.SQL(", "), sql.Placeholder()
    match verb:
        case Verb.INSERT:
            names, marks = comma.join([key, *others]), comma.join([mark] * (len(others) + 1))
            return sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(name, names, marks).as_bytes()
        case Verb.UPDATE:
            pairs = comma.join(sql.SQL("{} = {}").format(column, mark) for column in others)
            return sql.SQL("UPDATE {} SET {} WHERE {} = {}").format(name, pairs, key, mark).as_bytes()
        case Verb.DELETE:
            return sql.SQL("DELETE FROM {} WHERE {} = {}").format(name, key, mark).as_bytes()
