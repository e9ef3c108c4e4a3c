"""A program to be killed: ingests a known sequence of snapshots, live and forensic, each in its turn.

Run as `python ingest_process.py FOLDER`; for every line `N` on standard input it forks a process that works until both
pipelines are at batch N, tells `began PID`, and, when that has ended, `ended STATUS`. Forking saves loading the libraries.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import duckdb  # noqa: F401  # loaded before the fork
import pyarrow as pa  # noqa: F401

from fix_store import FORENSIC, LIVE, run, runtime_on
from milepost.clock import SystemClock
from milepost.dataset import Dataset, ReadMode
from milepost.schema import BOOLEAN, INTEGER, MONEY, TEXT, Column
from milepost.state.sqlite import SqliteDatabase
from table_source import TableSource

DAY_ONE = datetime(2026, 1, 1, tzinfo=UTC)
CUSTOMERS = Dataset("customers", (Column("id", INTEGER), Column("name", TEXT), Column("spent", MONEY)), ("id",))
ORDERS = Dataset("orders", (Column("id", INTEGER), Column("customer", INTEGER), Column("gone", BOOLEAN)), ("id",),
                 ReadMode.INCREMENTAL, deleted_mark="gone")  # fmt: skip
CLICKS = Dataset("clicks", (Column("page", TEXT), Column("seconds", INTEGER)))


def source(number: int) -> TableSource:
    """What there is at batch `number`: a seventh of the customers changed, some came or went, one stands twice."""
    customers = [
        {"id": i, "name": f"customer {i}\n{(number + i) // 7}", "spent": number * i % 1000}
        for i in range(700)
        if (i + number) % 11
    ]
    customers = [{**row, "spent": (number + row["id"]) // 7} for row in customers]
    customers.append({**customers[number % 50], "name": "somebody else"})
    orders = [{"id": i, "customer": i % 7, "gone": i % 5 == 0 and i < number * 20} for i in range(number * 20 + 40)][
        -80:
    ]
    clicks = [{"page": f"/{i % 9}", "seconds": (i * number) % 3} for i in range(120)]
    made = TableSource(taken_at=DAY_ONE + timedelta(hours=number), chunk_rows=300)
    return made.put(CUSTOMERS, customers).put(ORDERS, orders).put(CLICKS, clicks)


def work(folder: Path, until: int) -> None:
    """Go on from wherever the store is, to batch `until` of both pipelines."""
    database = SqliteDatabase(folder / "control.db")
    runtime = runtime_on(folder, database, clock=SystemClock())
    at = {p: runtime.store.checkpoint(p).last_batch for p in (LIVE, FORENSIC)}
    while min(at.values()) < until:
        pipeline = min(at, key=lambda p: (at[p], p))
        at[pipeline] = run(runtime, source(at[pipeline] + 1), pipeline, None).number
    database.close()


def main() -> None:
    """Fork a worker for every line."""
    folder = Path(sys.argv[1])
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            work(folder, int(line))
            os._exit(0)
        print("began", pid, flush=True)
        print("ended", os.waitpid(pid, 0)[1], flush=True)


if __name__ == "__main__":
    main()
