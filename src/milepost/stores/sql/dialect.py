"""How one database spells what the merge needs: a value, so that no store repeats the rule of a history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from milepost.schema import Kind, Type


def quote(name: str) -> str:
    """An identifier, quoted: the only way a name gets into SQL text."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text constant, quoted: for names that stand where a value must, and cannot be bound."""
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True, slots=True)
class Dialect:
    """One database's spelling. `row_id` names a row within a transaction; `exact` gives a comparable form of a value.

    `storage` says how columns of a type are kept, where the database's own choice is not the best.
    """

    name: str
    types: Mapping[Kind, str]
    row_id: str
    exact: Callable[[str, Type], str]
    row_json: Callable[[str], str]
    storage: Mapping[Kind, str]

    def type_name(self, column_type: Type) -> str:
        """The database's name of a type."""
        if column_type.kind is Kind.DECIMAL:
            return f"{self.types[Kind.DECIMAL]}({column_type.precision},{column_type.scale})"
        if column_type.kind is Kind.LIST and column_type.item:
            return f"{self.type_name(column_type.item)}[]"
        return self.types[column_type.kind]

    def differs(self, left: str, right: str, column_type: Type) -> str:
        """Whether two values differ: typed, NULL is a value, NaN equals NaN, 0.0 and -0.0 are two values."""
        return f"{self.exact(left, column_type)} IS DISTINCT FROM {self.exact(right, column_type)}"

    def same(self, left: str, right: str, column_type: Type) -> str:
        """Whether two values are one, NULL included."""
        return f"{self.exact(left, column_type)} IS NOT DISTINCT FROM {self.exact(right, column_type)}"
