"""Builds the statements that turn pages of resources and reports into typed rows, from the streams; it runs nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from milepost.schema import Column, Kind
from milepost.sources.klaviyo.orders_sql import literal
from milepost.sources.klaviyo.streams import PARENT, STREAMS

ENVELOPE = """SELECT json_type(body, '/data') AS data, json_type(body, '/links') AS links,
  json_extract_string(body, '/links/next') AS next FROM page"""
_NAMES = {
    Kind.BOOLEAN: "BOOLEAN",
    Kind.INTEGER: "INTEGER",
    Kind.BIGINT: "BIGINT",
    Kind.DOUBLE: "DOUBLE",
    Kind.TIMESTAMPTZ: "TIMESTAMPTZ",
    Kind.DATE: "DATE",
    Kind.DECIMAL: "DECIMAL(18,4)",
}


def _found(column: Column, pointer: str) -> str:
    """What the pointer finds in the resource `e`, as text."""
    if pointer == PARENT:
        return "owner"
    if column.type.kind is Kind.JSON:
        return f"CAST(json_extract(e, {literal(pointer)}) AS VARCHAR)"
    return f"json_extract_string(e, {literal(pointer)})"


def _typed(column: Column) -> str:
    name = f'"{column.name}"'
    sql_type = _NAMES.get(column.type.kind)
    return f"TRY_CAST({name} AS {sql_type}) AS {name}" if sql_type else name


def _reason(columns: Sequence[Column], key: Sequence[str]) -> str:
    cases = [f"""WHEN "{name}" IS NULL THEN 'no {name}'""" for name in key]
    for column in columns:
        sql_type, name = _NAMES.get(column.type.kind), f'"{column.name}"'
        if sql_type:
            said = f"{name} IS NOT NULL AND TRY_CAST({name} AS {sql_type}) IS NULL"
            cases.append(f"WHEN {said} THEN '{column.name} is no {column.type}: ' || left({name}, 80)")
    return f"CASE {' '.join(cases)} END"


def typed_statement(columns: Sequence[Column], key: Sequence[str], pointers: Mapping[str, str], rows: str) -> str:
    """From a query of resources `e` and their `owner`: the columns, typed, and a `reason` where a row is refused."""
    found = ", ".join(f'{_found(c, pointers[c.name])} AS "{c.name}"' for c in columns)
    return judged_statement(columns, key, f"SELECT e, {found} FROM ({rows})")


def judged_statement(columns: Sequence[Column], key: Sequence[str], found: str) -> str:
    """From a query of all columns as text and of `e`, where they come from: the columns, typed, and a `reason`."""
    names = ", ".join(f'"{c.name}"' for c in columns)
    typed = ", ".join(_typed(c) for c in columns)
    judged = f"SELECT {typed}, {_reason(columns, key)} AS reason, e FROM ({found})"
    return f"SELECT {names}, reason, CASE WHEN reason IS NOT NULL THEN CAST(e AS VARCHAR) END AS e FROM ({judged})"


@cache
def resource_statement(name: str) -> str:
    """From `page(body)` and `asked(owner)`: the rows of one page of a stream."""
    stream = STREAMS[name]
    resources = "SELECT unnest(json_extract(body, '$.data[*]')) AS e FROM page"
    if stream.included is None:
        rows = f"SELECT e, owner FROM ({resources}), asked"
    else:
        kind, relation = stream.included
        ids = literal(f'$.relationships."{relation}".data[*].id')
        owners = f"SELECT unnest(json_extract_string(e, {ids})) AS id, e ->> '/id' AS owner FROM ({resources})"
        others = "SELECT unnest(json_extract(body, '$.included[*]')) AS e FROM page"
        rows = (
            f"SELECT e, owner FROM ({others}) LEFT JOIN (SELECT id, any_value(owner) AS owner FROM ({owners}) GROUP BY id) o "
            f"ON o.id = (e ->> '/id') WHERE (e ->> '/type') = {literal(kind)}"
        )
    return typed_statement(stream.dataset.columns, stream.dataset.key, stream.pointers, rows)
