"""Casting staged values to their declared types so that nothing is rounded, cut or reinterpreted on the way.

DuckDB's TRY_CAST gives 2 for '1.5' as integer, drops the time of day for a date, digits beyond the scale of a decimal, and
the offset of '…-05:00' for a timestamp without zone. A value that would lose something refuses its row instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from milepost.schema import Kind, Type
from milepost.stores.duckdb.dialect import DUCKDB
from milepost.stores.sql.dialect import literal

_WHOLE = r"\s*[+-]?\d+\s*"
_CLOCK = r"\d{1,2}:\d{2}(:\d{2}(\.\d{1,6}0*)?)?"
_DAY = r"[^:]*"  # no time of day
_NO_ZONE = rf"[^:]*([ T]{_CLOCK})?\s*(\(BC\))?\s*"
_ZONE = rf"[^:]*([ T]{_CLOCK})?\s*(Z|UTC|[+-]\d{{2}}(:?\d{{2}}){{0,2}})?\s*(\(BC\)|BC)?\s*"
_TEXT_FORMS: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.SMALLINT: _WHOLE,
        Kind.INTEGER: _WHOLE,
        Kind.BIGINT: _WHOLE,
        Kind.DATE: _DAY,
        Kind.TIME: rf"\s*{_CLOCK}\s*",
        Kind.TIMESTAMP: _NO_ZONE,
        Kind.TIMESTAMPTZ: _ZONE,
    }
)


@dataclass(frozen=True, slots=True)
class Cast:
    """The expression of a value in its declared type, and the condition under which its row is refused."""

    expression: str
    broken: str


def cast(value: str, offered: str, wanted: Type) -> Cast:
    """How the column `value` (quoted), of DuckDB type `offered`, becomes `wanted`."""
    name = DUCKDB.type_name(wanted)
    if offered == name:
        return Cast(value, "false")
    expression = f"TRY_CAST({value} AS {name})"
    kept = _form(value, wanted) if offered == "VARCHAR" else _round_trip(value, expression, offered, wanted)
    return Cast(expression, f"({value} IS NOT NULL AND ({expression} IS NULL OR NOT ({kept})))")


def _form(value: str, wanted: Type) -> str:
    """Whether a text is written in a way that the type holds in full."""
    if wanted.kind is Kind.DECIMAL:
        form = rf"\s*[+-]?\d*(\.\d{{0,{wanted.scale}}}0*)?\s*"
    else:
        form = _TEXT_FORMS.get(wanted.kind, "")
    return f"regexp_full_match({value}, {literal(form)})" if form else "true"


def _round_trip(value: str, expression: str, offered: str, wanted: Type) -> str:
    """Whether casting back gives the value again; a text tells everything."""
    if wanted.kind is Kind.TEXT:
        return "true"
    return f"TRY_CAST({expression} AS {offered}) IS NOT DISTINCT FROM {value}"
