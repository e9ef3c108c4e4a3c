"""A program that makes one batch, and can be held in the middle of it.

Run as `python writer_process.py FOLDER NAME HOURS_AHEAD LEASE_SECONDS`: tells `reading` when it holds the lease and has a
snapshot open, goes on after a line on standard input, and ends with `committed NUMBER` or `refused CODE`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fix_store import run, runtime_on
from milepost.clock import SystemClock
from milepost.dataset import Dataset
from milepost.errors import MilepostError
from milepost.schema import INTEGER, TEXT, Column
from milepost.state.sqlite import SqliteDatabase
from table_source import TableSnapshot, TableSource

ROWS = Dataset("rows", (Column("id", INTEGER), Column("writer", TEXT)), ("id",))


@dataclass
class AheadClock(SystemClock):
    """The machine's clock, some hours ahead: to it other processes' leases ran out long ago."""

    hours: float

    def now(self) -> datetime:
        return super().now() + timedelta(hours=self.hours)


class HeldSource(TableSource):
    """A source whose snapshot waits for a line on standard input."""

    @contextmanager
    def snapshot(self, datasets: Sequence[Dataset]) -> Iterator[TableSnapshot]:
        print("reading", flush=True)
        sys.stdin.readline()
        with super().snapshot(datasets) as snapshot:
            yield snapshot


def main() -> None:
    """One batch of a hundred rows that carry this writer's name."""
    folder, name, hours, seconds = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
    database = SqliteDatabase(folder / "control.db")
    runtime = runtime_on(folder, database, clock=AheadClock(hours), lease_seconds=seconds)
    source = HeldSource()
    source.put(ROWS, [{"id": i, "writer": name} for i in range(100)])
    try:
        print("committed", run(runtime, source).number, flush=True)
    except MilepostError as error:
        print("refused", error.code, flush=True)


if __name__ == "__main__":
    main()
