"""Columns, their types, and what may change between two versions of a schema. No SQL, no Arrow: adapters map these."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from milepost.errors import ModelInvalid


class Kind(Enum):
    """The types Milepost keeps apart; an adapter maps each of them both ways without loss."""

    BOOLEAN = "boolean"
    SMALLINT = "smallint"
    INTEGER = "integer"
    BIGINT = "bigint"
    REAL = "real"
    DOUBLE = "double"
    DECIMAL = "decimal"
    TEXT = "text"
    BYTES = "bytes"
    DATE = "date"
    TIME = "time"
    TIMESTAMP = "timestamp"
    TIMESTAMPTZ = "timestamptz"
    INTERVAL = "interval"
    UUID = "uuid"
    JSON = "json"
    LIST = "list"


_SPELLING = re.compile(r"^(?P<kind>[a-z]+)(?:\((?P<precision>\d+),\s*(?P<scale>\d+)\)|<(?P<item>.+)>)?$")


@dataclass(frozen=True, slots=True)
class Type:
    """A column's type. `precision` and `scale` for decimals, `item` for lists. Spelled `decimal(38,9)`, `list<text>`."""

    kind: Kind
    precision: int = 0
    scale: int = 0
    item: Type | None = None

    def __str__(self) -> str:
        if self.kind is Kind.DECIMAL:
            return f"decimal({self.precision},{self.scale})"
        return f"list<{self.item}>" if self.kind is Kind.LIST else self.kind.value

    @classmethod
    def parse(cls, spelling: str) -> Type:
        """The type that `spelling` names. Raises ModelInvalid."""
        match = _SPELLING.match(spelling.strip().lower())
        kinds = {kind.value: kind for kind in Kind}
        if match is None or match["kind"] not in kinds:
            raise ModelInvalid(
                f"unknown type {spelling!r}",
                hint=f"one of: {', '.join(kinds)}; decimal(p,s) and list<type> take arguments",
            )
        kind = kinds[match["kind"]]
        if (kind is Kind.DECIMAL) != (match["precision"] is not None) or (kind is Kind.LIST) != (
            match["item"] is not None
        ):
            raise ModelInvalid(f"type {spelling!r} is incomplete", hint="write decimal(18,4) or list<text>")
        return cls(
            kind,
            int(match["precision"] or 0),
            int(match["scale"] or 0),
            cls.parse(match["item"]) if match["item"] else None,
        )

    def widens_to(self, other: Type) -> bool:
        """Whether every value of this type is a value of `other`, exactly and with the same meaning."""
        if self == other:
            return True
        if self.kind is Kind.DECIMAL and other.kind is Kind.DECIMAL:
            return other.scale >= self.scale and other.precision - other.scale >= self.precision - self.scale
        if self.kind in _INTEGER_DIGITS and other.kind is Kind.DECIMAL:
            return other.precision - other.scale >= _INTEGER_DIGITS[self.kind]
        if self.kind is Kind.LIST and other.kind is Kind.LIST and self.item and other.item:
            return self.item.widens_to(other.item)
        return other.kind in _WIDER.get(self.kind, frozenset())


_INTEGER_DIGITS = {Kind.SMALLINT: 5, Kind.INTEGER: 10, Kind.BIGINT: 19}
# Exact widenings only: bigint → double loses digits above 2^53, date → timestamp changes what the value means.
_WIDER = {
    Kind.SMALLINT: frozenset({Kind.INTEGER, Kind.BIGINT, Kind.REAL, Kind.DOUBLE}),
    Kind.INTEGER: frozenset({Kind.BIGINT, Kind.DOUBLE}),
    Kind.REAL: frozenset({Kind.DOUBLE}),
    Kind.UUID: frozenset({Kind.TEXT}),
    Kind.JSON: frozenset({Kind.TEXT}),
}

BOOLEAN = Type(Kind.BOOLEAN)
SMALLINT = Type(Kind.SMALLINT)
INTEGER = Type(Kind.INTEGER)
BIGINT = Type(Kind.BIGINT)
REAL = Type(Kind.REAL)
DOUBLE = Type(Kind.DOUBLE)
TEXT = Type(Kind.TEXT)
BYTES = Type(Kind.BYTES)
DATE = Type(Kind.DATE)
TIME = Type(Kind.TIME)
TIMESTAMP = Type(Kind.TIMESTAMP)
TIMESTAMPTZ = Type(Kind.TIMESTAMPTZ)
INTERVAL = Type(Kind.INTERVAL)
UUID = Type(Kind.UUID)
JSON = Type(Kind.JSON)
MONEY = Type(Kind.DECIMAL, 18, 4)


def list_of(item: Type) -> Type:
    """The type of a list of `item`."""
    return Type(Kind.LIST, item=item)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a dataset. `classification` names its data class, such as PII."""

    name: str
    type: Type
    nullable: bool = True
    classification: str | None = None


class ChangeKind(Enum):
    """What a schema change is, and so whether it can be followed."""

    ADDED = "added"
    WIDENED = "widened"
    REORDERED = "reordered"
    DROPPED = "dropped"
    NARROWED = "narrowed"
    KEY_CHANGED = "key changed"


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """One difference between two versions of a schema; `before` and `after` are spellings of types or keys."""

    kind: ChangeKind
    column: str
    before: str = ""
    after: str = ""

    @property
    def allowed(self) -> bool:
        """Whether history stays readable and nothing is lost when the change is followed."""
        return self.kind in {ChangeKind.ADDED, ChangeKind.WIDENED, ChangeKind.REORDERED}

    def __str__(self) -> str:
        detail = f" ({self.before} → {self.after})" if self.before and self.after else f" ({self.before or self.after})"
        return f"column {self.column!r} {self.kind.value}{detail if self.before or self.after else ''}"


def diff(
    old: tuple[Column, ...],
    new: tuple[Column, ...],
    *,
    old_key: tuple[str, ...] = (),
    new_key: tuple[str, ...] = (),
) -> tuple[SchemaChange, ...]:
    """What changed from `old` to `new`, in a stable order; columns are matched by their exact name.

    Nullability is not compared: values decide, and a refused NULL key is quarantined row by row.
    """
    before, after = {c.name: c for c in old}, {c.name: c for c in new}
    changes = [SchemaChange(ChangeKind.DROPPED, name, str(c.type)) for name, c in before.items() if name not in after]
    for name, column in after.items():
        if name not in before:
            changes.append(SchemaChange(ChangeKind.ADDED, name, "", str(column.type)))
        elif before[name].type != column.type:
            kind = ChangeKind.WIDENED if before[name].type.widens_to(column.type) else ChangeKind.NARROWED
            changes.append(SchemaChange(kind, name, str(before[name].type), str(column.type)))
    shared_before = [n for n in before if n in after]
    if shared_before != [n for n in after if n in before]:
        changes.append(SchemaChange(ChangeKind.REORDERED, ", ".join(after)))
    if old_key != new_key:
        changes.append(
            SchemaChange(ChangeKind.KEY_CHANGED, "key", ", ".join(old_key) or "none", ", ".join(new_key) or "none")
        )
    return tuple(changes)
