"""Implements ports.Store on one DuckDB file. Connections are short; the lock decides whose turn it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from milepost.batch import Pipeline
from milepost.clock import Clock, SystemClock
from milepost.errors import QueryInvalid, UnknownName, UsageFault
from milepost.ports import ArrowStream, Checkpoint, Totals
from milepost.schema import Column
from milepost.stores.duckdb.batch import DuckDBBatch
from milepost.stores.duckdb.casting import cast
from milepost.stores.duckdb.connect import STORE, Resources, attach, in_memory, translated
from milepost.stores.duckdb.lock import file_lock
from milepost.stores.duckdb.staging import DuckDBStaging
from milepost.stores.sql.catalogue import META, Catalogue
from milepost.stores.sql.dialect import quote
from milepost.stores.sql.layout import Layout

if TYPE_CHECKING:
    import duckdb


_READING = frozenset({"SELECT", "PRAGMA", "RELATION"})
_EXPLAIN = re.compile(
    r"^(\s|--[^\n]*(\n|$)|/\*.*?\*/)*EXPLAIN\b(\s|--[^\n]*(\n|$)|/\*.*?\*/)*(ANALYZE\b|\([^)]*\))?",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class DuckDBStore:
    """A store in the file `path`; made on the first commit. `lock_timeout` is in seconds."""

    path: Path
    resources: Resources = field(default_factory=Resources)
    clock: Clock = field(default_factory=SystemClock)
    lock_timeout: float = 60.0

    @contextmanager
    def locked(self, *, exclusive: bool, purpose: str) -> Iterator[None]:
        """Hold the file's lock. Raises StoreBusy."""
        with file_lock(self.path, self.clock, exclusive=exclusive, timeout=self.lock_timeout, purpose=purpose):
            yield

    @contextmanager
    def _reading(self, purpose: str) -> Iterator[duckdb.DuckDBPyConnection | None]:
        """A connection that sees the store read-only, or None where there is no store yet."""
        with translated(self.path), self.locked(exclusive=False, purpose=purpose):
            if not self.path.exists():
                yield None
                return
            with in_memory(self.resources) as connection:
                attach(connection, self.path, read_only=True)
                yield connection

    @contextmanager
    def _catalogue(self, purpose: str) -> Iterator[Catalogue | None]:
        with self._reading(purpose) as connection:
            if connection is None or not _has_catalogue(connection):
                yield None
            else:
                yield Catalogue(lambda sql, values: connection.execute(sql, list(values) or None).fetchall(), STORE)

    def checkpoint(self, pipeline: Pipeline) -> Checkpoint:
        """What is committed of the pipeline."""
        with self._catalogue("checkpoint") as catalogue:
            return catalogue.checkpoint(pipeline) if catalogue else Checkpoint()

    @contextmanager
    def batch(self, pipeline: Pipeline) -> Iterator[DuckDBBatch]:
        """Begin staging; leaving the context without a commit discards it."""
        with self._catalogue("begin a batch") as catalogue:
            checkpoint = catalogue.checkpoint(pipeline) if catalogue else Checkpoint()
            known = catalogue.known(pipeline) if catalogue else {}
        with in_memory(self.resources, staging=True) as connection:
            staging = DuckDBStaging(connection, {name: found.columns for name, found in known.items()})
            yield DuckDBBatch(self, checkpoint, connection, staging)

    def windows(self, pipeline: Pipeline, stream: str) -> Mapping[date, int]:
        """The committed days of a stream, with their bytes."""
        with self._catalogue("windows") as catalogue:
            return catalogue.windows(pipeline, stream) if catalogue else {}

    def totals(
        self, pipeline: Pipeline, dataset: str, day_column: str, value_column: str | None
    ) -> Mapping[date, Totals]:
        """Rows and value of each day in open versions."""
        with self._catalogue("totals") as catalogue:
            if catalogue is None:
                return {}
            layout = _layout(catalogue, pipeline, dataset)
            day = layout.name(layout.dataset.column(day_column))
            value = f"sum({layout.name(layout.dataset.column(value_column))})" if value_column else "NULL"
            rows = catalogue.run(f"SELECT {day}, count(*), {value} FROM {layout.open} GROUP BY 1", ())
            return {found: Totals(count, total) for found, count, total in rows}  # type: ignore[misc, arg-type]

    @contextmanager
    def query(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[ArrowStream]:
        """A read-only query; tables are `<platform>__<datastore>.<dataset>`."""
        with self._reading("query") as connection:
            if connection is None:
                raise UnknownName(
                    f"the store {self.path} does not exist yet",
                    hint="run `milepost ingest` or `milepost backfill start`",
                )
            _check_reading(connection, sql)
            connection.execute(f"USE {quote(STORE)}")
            yield connection.execute(sql, list(parameters) or None).to_arrow_reader(65_536)

    def history(self, pipeline: Pipeline, dataset: str, key: Mapping[str, str]) -> list[dict[str, object]]:
        """Every version of one row, oldest first. Raises UnknownName, UsageFault where `key` is not the whole key."""
        with self._catalogue("history") as catalogue:
            if catalogue is None:
                raise UnknownName(f"the store {self.path} does not exist yet", hint="run `milepost ingest` first")
            layout = _layout(catalogue, pipeline, dataset)
            columns = [layout.dataset.column(name) for name in key]
            if set(key) != set(layout.dataset.key):
                whole = " ".join(f"{name}=…" for name in layout.dataset.key)
                raise UsageFault(
                    f"{dataset!r} has the key {whole or 'none: equal rows cannot be told apart'} (given: {', '.join(key)})",
                    hint="give every column of the key" if whole else "look at it with `milepost query`",
                )
            found = " AND ".join(_named(layout, c) for c in columns)
            every = (*layout.data, *layout.since)
            names = [c.name for c in every]
            if layout.closed and layout.main != layout.open:
                every, names = (*every, *layout.until), [*names, *(c.name for c in layout.until)]
            rows = catalogue.run(
                f"SELECT {', '.join(map(layout.name, every))} FROM {layout.main} WHERE {found} ORDER BY {quote('_batch_in')}",
                [text for text in key.values() for _ in range(2)],
            )
            return [dict(zip(names, row, strict=True)) for row in rows]

    def clear(self, pipeline: Pipeline) -> None:
        """Forget the pipeline: its tables, checkpoint and quarantine."""
        with translated(self.path), self.locked(exclusive=True, purpose=f"clear {pipeline}"):
            if not self.path.exists():
                return
            with in_memory(self.resources) as connection:
                attach(connection, self.path, read_only=False)
                if _has_catalogue(connection):
                    connection.execute("BEGIN")
                    Catalogue(
                        lambda sql, values: connection.execute(sql, list(values) or None).fetchall(), STORE
                    ).forget(pipeline)
                    connection.execute("COMMIT")


def _named(layout: Layout, column: Column) -> str:
    """Whether a column has the value that a text, bound twice, spells: `1.5` is 1.50, and a UUID is one in capitals too."""
    name, spelled = layout.name(column), cast("v", "VARCHAR", column.type)
    equal = f"{spelled.expression} = {name} AND NOT ({spelled.broken})"
    return f"(CAST({name} AS VARCHAR) = ? OR (SELECT {equal} FROM (SELECT CAST(? AS VARCHAR) AS v)))"


def _check_reading(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Refuse everything but one statement that reads: a read-only store does not keep COPY from writing files."""
    kinds = [str(s.type).rsplit(".", 1)[-1] for s in connection.extract_statements(sql)]
    if kinds == ["EXPLAIN"]:  # EXPLAIN ANALYZE carries out what it explains
        explained = _EXPLAIN.sub("", sql, count=1)
        kinds = [str(s.type).rsplit(".", 1)[-1] for s in connection.extract_statements(explained)]
    if len(kinds) != 1 or kinds[0] not in _READING:
        raise QueryInvalid(
            f"queries are read-only: one statement that reads (this is {', '.join(kinds) or 'none'})",
            hint="use SELECT; to write a file use `milepost export`",
        )


def _has_catalogue(connection: duckdb.DuckDBPyConnection) -> bool:
    found = connection.execute(
        "SELECT count(*) FROM duckdb_schemas() WHERE database_name = ? AND schema_name = ?", [STORE, META]
    ).fetchall()
    return bool(found[0][0])


def _layout(catalogue: Catalogue, pipeline: Pipeline, dataset: str) -> Layout:
    checkpoint = catalogue.checkpoint(pipeline)
    if dataset not in checkpoint.datasets or checkpoint.milestoning is None:
        known = ", ".join(sorted(checkpoint.datasets)) or "none"
        raise UnknownName(f"pipeline {pipeline} has no dataset {dataset!r}", hint=f"its datasets: {known}")
    return catalogue.layouts(pipeline, [checkpoint.datasets[dataset]], checkpoint.milestoning)[dataset]
