"""A source whose tables are in memory: implements ports.Source, and can fail at a chosen chunk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pyarrow as pa

from milepost.dataset import Dataset
from milepost.ports import Chunk, Refusal
from milepost.schema import Kind, Type

_ARROW = {
    Kind.BOOLEAN: pa.bool_(), Kind.SMALLINT: pa.int16(), Kind.INTEGER: pa.int32(), Kind.BIGINT: pa.int64(),
    Kind.REAL: pa.float32(), Kind.DOUBLE: pa.float64(), Kind.TEXT: pa.string(), Kind.BYTES: pa.binary(),
    Kind.DATE: pa.date32(), Kind.TIME: pa.time64("us"), Kind.TIMESTAMP: pa.timestamp("us"),
    Kind.TIMESTAMPTZ: pa.timestamp("us", "UTC"), Kind.INTERVAL: pa.month_day_nano_interval(), Kind.UUID: pa.uuid(),
    Kind.JSON: pa.json_(),
}  # fmt: skip


def arrow_type(column_type: Type) -> pa.DataType:
    """The Arrow type in which a column of this type travels."""
    if column_type.kind is Kind.DECIMAL:
        return pa.decimal128(column_type.precision, column_type.scale)
    if column_type.item is not None:
        return pa.list_(arrow_type(column_type.item))
    return _ARROW[column_type.kind]


def table(dataset: Dataset, rows: Sequence[dict]) -> pa.Table:
    """Rows as Arrow, in the dataset's columns; two columns may differ only by case."""
    arrays = []
    for column in dataset.columns:
        kind, values = arrow_type(column.type), [row[column.name] for row in rows]
        if isinstance(kind, pa.ExtensionType | pa.BaseExtensionType):
            arrays.append(pa.ExtensionArray.from_storage(kind, pa.array(values, kind.storage_type)))
        else:
            arrays.append(pa.array(values, kind))
    return pa.Table.from_arrays(arrays, names=[c.name for c in dataset.columns])


@dataclass
class TableSource:
    """Serves `rows` by dataset name in chunks of `chunk_rows`, as of `taken_at`; raises `failure` instead of chunk
    number `fail_at` of a reading. `refused` rows come with the last chunk of their dataset."""

    tables: dict[str, tuple[Dataset, list[dict]]] = field(default_factory=dict)
    taken_at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    chunk_rows: int = 1000
    refused: Sequence[Refusal] = ()
    failure: Exception | None = None
    fail_at: int = 0

    def put(self, dataset: Dataset, rows: Sequence[dict]) -> TableSource:
        """Make `rows` all there is of a dataset."""
        self.tables[dataset.name] = (dataset, list(rows))
        return self

    def datasets(self) -> tuple[Dataset, ...]:
        return tuple(dataset for dataset, _ in self.tables.values())

    @contextmanager
    def snapshot(self, datasets: Sequence[Dataset]) -> Iterator[TableSnapshot]:
        yield TableSnapshot(self, self.taken_at)

    def close(self) -> None:
        """Nothing is held."""


@dataclass
class TableSnapshot:
    """One reading of a TableSource."""

    source: TableSource
    taken_at: datetime
    chunks: int = 0

    def read(self, dataset: Dataset, since: str | None = None) -> Iterator[Chunk]:
        declared, rows = self.source.tables[dataset.name]
        if since is not None and dataset.cursor:
            rows = [
                row
                for row in rows
                if row[dataset.cursor] is None or row[dataset.cursor] >= _parsed(since, rows, dataset.cursor)
            ]
        refused = [r for r in self.source.refused if r.dataset == dataset.name]
        size = self.source.chunk_rows
        for start in range(0, max(len(rows), 1), size):
            if self.source.failure is not None and self.chunks == self.source.fail_at:
                raise self.source.failure
            self.chunks += 1
            part = table(declared, rows[start : start + size])
            yield Chunk({dataset.name: part}, refused if start + size >= len(rows) else (), part.nbytes)


def _parsed(text: str, rows: Sequence[dict], cursor: str) -> object:
    sample = next((row[cursor] for row in rows if row[cursor] is not None), text)
    return datetime.fromisoformat(text) if isinstance(sample, datetime) else type(sample)(text)
