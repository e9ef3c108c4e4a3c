"""Stores, control stores and runtimes for tests: real DuckDB and SQLite files in a folder of the test, a manual clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from milepost.batch import BatchReport, Pipeline
from milepost.clock import ManualClock
from milepost.dataset import Dataset
from milepost.engine.ingest import Ingest, ingest
from milepost.engine.runtime import Runtime
from milepost.milestoning import Milestoning
from milepost.state.backfills import SqliteBackfillLog
from milepost.state.control import SqliteBatchLog, SqliteLeases, owner_name
from milepost.state.sqlite import SqliteDatabase
from milepost.stores.duckdb.connect import Resources
from milepost.stores.duckdb.store import DuckDBStore
from table_source import TableSource

LIVE, FORENSIC = Pipeline("live", "shop"), Pipeline("forensic", "shop")
MILESTONING = {"live": Milestoning.LIVE, "forensic": Milestoning.FORENSIC}


def duckdb_store(folder: Path, *, threads: int = 1, name: str = "store.duckdb") -> DuckDBStore:
    """A store in `folder`, with the memory of a small machine."""
    return DuckDBStore(folder / name, Resources("400MB", threads, folder / "spill"))


def runtime_on(folder: Path, database: SqliteDatabase, **changes: object) -> Runtime:
    """A runtime over real files in `folder`, on a manual clock unless told otherwise."""
    parts: dict = {
        "store": duckdb_store(folder),
        "batches": SqliteBatchLog(database),
        "leases": SqliteLeases(database),
        "backfills": SqliteBackfillLog(database),
        "clock": ManualClock(),
        "owner": owner_name(),
    }
    return Runtime(**{**parts, **changes})


def run(runtime: Runtime, source: TableSource, pipeline: Pipeline = FORENSIC, share: float | None = 0.3,
        datasets: Sequence[Dataset] | None = None) -> BatchReport:  # fmt: skip
    """One batch of everything the source has."""
    order = Ingest(pipeline, MILESTONING[pipeline.platform], share)
    return ingest(runtime, source, source.datasets() if datasets is None else datasets, order)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    """An empty control store."""
    database = SqliteDatabase(tmp_path / "control.db")
    yield database
    database.close()


@pytest.fixture
def runtime(tmp_path: Path, database: SqliteDatabase) -> Runtime:
    """A runtime over an empty store and an empty control store."""
    return runtime_on(tmp_path, database)


@pytest.fixture
def rows_of(runtime: Runtime) -> Callable[[str], list[dict]]:
    """The rows of a query on the runtime's store."""

    def rows(sql: str) -> list[dict]:
        import pyarrow as pa

        with runtime.store.query(sql) as found:
            return pa.table(found).to_pylist()

    return rows
