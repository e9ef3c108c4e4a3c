"""A query's answer in memory: columns, types, and no more rows than asked for. How it looks is the verb's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

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


def values(batch: pa.RecordBatch) -> Iterator[tuple[object, ...]]:
    """The rows of a batch. Dates and instants that Python has no value for (BC, infinite) come as the store's text."""
    return zip(*(_column(column) for column in batch.columns), strict=True)


def _column(column: pa.Array) -> list[object]:
    import pyarrow as pa

    try:
        found: list[object] = column.to_pylist()
    except (OverflowError, ValueError, pa.ArrowInvalid):
        import duckdb

        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.register("batch", pa.table({"value": column}))
            found = [row[0] for row in connection.execute("SELECT CAST(value AS VARCHAR) FROM batch").fetchall()]
    return found


def read(stream: ArrowStream, limit: int | None) -> Rows:
    """The first `limit` rows (None: all of them)."""
    import pyarrow as pa

    reader = pa.RecordBatchReader.from_stream(stream)
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
        yield from values(batch)


def _distinct(names: tuple[str, ...]) -> list[str]:
    given: list[str] = []
    for name in names:
        number, free = 1, name
        while free in given:
            number += 1
            free = f"{name}_{number}"
        given.append(free)
    return given
