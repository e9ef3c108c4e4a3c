"""A query's answer in memory: columns, types, and no more rows than asked for. How it looks is the verb's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from milepost.errors import QueryInvalid
from milepost.ports import ArrowStream

if TYPE_CHECKING:
    import pyarrow as pa

_NUMBERS = ("int", "uint", "float", "double", "decimal", "halffloat")


@dataclass(frozen=True, slots=True)
class Rows:
    """The first rows of an answer; `more` says whether there are further ones."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    rows: list[tuple[object, ...]]
    more: bool

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Which columns are numbers."""
        return tuple(kind.startswith(_NUMBERS) for kind in self.types)

    def records(self) -> list[dict[str, object]]:
        """Each row by column name; the later of two columns of one name gets a number."""
        names = _distinct(self.names)
        return [dict(zip(names, row, strict=True)) for row in self.rows]


def readable(stream: ArrowStream) -> pa.RecordBatchReader:
    """The rows, with DuckDB's 128-bit integers (`sum` of a BIGINT is one) as decimals: Arrow has no type for them."""
    import pyarrow as pa

    reader = pa.RecordBatchReader.from_stream(stream)
    huge = [index for index, field in enumerate(reader.schema) if _is_huge(field.type)]
    if not huge:
        return reader
    schema = reader.schema
    for index in huge:
        schema = schema.set(index, schema.field(index).with_type(pa.decimal128(38, 0)))

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in reader:
            columns = [_decimals(column) if index in huge else column for index, column in enumerate(batch.columns)]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches())


def _is_huge(kind: pa.DataType) -> bool:
    return getattr(kind, "type_name", "") == "hugeint"


def _decimals(column: pa.Array) -> pa.Array:
    from decimal import Decimal

    import pyarrow as pa

    raw = column.storage.to_pylist()
    values = [None if word is None else Decimal(int.from_bytes(word, "little", signed=True)) for word in raw]
    try:
        return pa.array(values, pa.decimal128(38, 0))
    except pa.ArrowInvalid as exc:
        raise QueryInvalid(
            "the answer has a whole number of 39 digits (expected at most 38)", hint="CAST it AS VARCHAR in the query"
        ) from exc


def read(stream: ArrowStream, limit: int | None) -> Rows:
    """The first `limit` rows (None: all of them)."""
    reader = readable(stream)
    rows: list[tuple[object, ...]] = []
    for row in _rows(reader):
        if limit is not None and len(rows) == limit:
            return Rows(tuple(reader.schema.names), _types(reader.schema), rows, more=True)
        rows.append(row)
    return Rows(tuple(reader.schema.names), _types(reader.schema), rows, more=False)


def _types(schema: pa.Schema) -> tuple[str, ...]:
    return tuple(str(field.type) for field in schema)


def _rows(reader: pa.RecordBatchReader) -> Iterator[tuple[object, ...]]:
    for batch in reader:
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _distinct(names: tuple[str, ...]) -> list[str]:
    given: list[str] = []
    for name in names:
        number, free = 1, name
        while free in given:
            number += 1
            free = f"{name}_{number}"
        given.append(free)
    return given
