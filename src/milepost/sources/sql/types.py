"""PostgreSQL's types as ours, with the expression that reads each without loss.

What DuckDB cannot hold exactly travels as PostgreSQL's own text. Measured on DuckDB 1.5.5: a numeric without precision
arrives as a rounded double, a timestamp past the year 294247 wraps to BC, an infinite interval becomes a finite one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType

from milepost.schema import (
    BIGINT,
    BOOLEAN,
    BYTES,
    DATE,
    DOUBLE,
    INTEGER,
    INTERVAL,
    JSON,
    REAL,
    SMALLINT,
    TEXT,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    UUID,
    Kind,
    Type,
    list_of,
)

_PLAIN = MappingProxyType(
    {
        "bool": BOOLEAN,
        "int2": SMALLINT,
        "int4": INTEGER,
        "int8": BIGINT,
        "float4": REAL,
        "float8": DOUBLE,
        "text": TEXT,
        "varchar": TEXT,
        "bpchar": TEXT,
        "date": DATE,
        "time": TIME,
        "timestamp": TIMESTAMP,
        "timestamptz": TIMESTAMPTZ,
        "interval": INTERVAL,
        "uuid": UUID,
        "bytea": BYTES,
        "json": JSON,
        "jsonb": JSON,
    }
)
_AS_ELEMENT = frozenset({"bool", "int2", "int4", "int8", "float4", "float8", "text", "varchar", "date", "uuid"})
_MAX_PRECISION = 38
_NUMERIC = re.compile(r"^numeric\((\d+),(-?\d+)\)")

# The last instant that DuckDB's 64-bit microseconds hold; PostgreSQL goes on for another 29 years.
_LAST_INSTANT = "294247-01-10 04:00:54.775806"


@dataclass(frozen=True, slots=True)
class Reading:
    """How a column is read: its type, the expression for a quoted name, and when a value cannot be held (or empty)."""

    type: Type
    expression: str
    unheld: str = ""


def reading(name: str, type_name: str, element: str, formatted: str, *, enum: bool) -> Reading:
    """The reading of a column. `name` is quoted; `type_name`, `element` are pg_type names; `formatted` has the modifiers."""
    if element:
        return _array(name, element)
    if type_name == "numeric":
        return _numeric(name, formatted)
    if enum or type_name not in _PLAIN:
        return Reading(TEXT, f"{name}::text")
    found = _PLAIN[type_name]
    if found.kind in {Kind.TIMESTAMP, Kind.TIMESTAMPTZ}:
        return Reading(found, name, f"(isfinite({name}) AND {name} > '{_LAST_INSTANT}')")
    if found.kind is Kind.INTERVAL:
        return Reading(found, name, f"NOT isfinite({name})")
    return Reading(found, name)


def _numeric(name: str, formatted: str) -> Reading:
    match = _NUMERIC.match(formatted)
    if match is None or int(match[1]) > _MAX_PRECISION or not 0 <= int(match[2]) <= int(match[1]):
        return Reading(TEXT, f"{name}::text")
    return Reading(Type(Kind.DECIMAL, int(match[1]), int(match[2])), name, f"{name} = 'NaN'")


def _array(name: str, element: str) -> Reading:
    # DuckDB's lists have one dimension and begin at 1: any other array keeps its text.
    odd = f"(array_ndims({name}) > 1 OR array_lower({name}, 1) <> 1)"
    if element in _AS_ELEMENT:
        return Reading(list_of(_PLAIN[element]), name, odd)
    return Reading(list_of(TEXT), f"{name}::text[]", odd)
