"""A program that writes to a store, or reads it, in a loop: `python access_process.py FOLDER write|read`.

It tells `ready`, begins with a line on standard input, which has the seconds to work, and ends with what it did, as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import pyarrow as pa

from fix_store import duckdb_store, run, runtime_on
from milepost.clock import SystemClock
from milepost.dataset import Dataset
from milepost.schema import INTEGER, Column
from milepost.state.sqlite import SqliteDatabase
from table_source import TableSource

ACCOUNTS = Dataset("accounts", (Column("id", INTEGER), Column("balance", INTEGER)), ("id",))
ROWS, TOTAL = 400, 40_000
CHECK = "SELECT count(*) AS n, CAST(sum(balance) AS BIGINT) AS total, max(_batch_in) AS batch FROM forensic__shop.accounts WHERE _valid_to IS NULL"


@dataclass
class Told:
    """What one process did: turns, the longest one in seconds, everything wrong it saw."""

    who: str
    turns: int
    longest: float
    wrong: list[str]


def balances(number: int) -> list[dict]:
    """Every batch moves money between all accounts; the sum stays."""
    even = TOTAL // ROWS
    return [{"id": i, "balance": even + (number if i % 2 else -number)} for i in range(ROWS)]


def write(folder: Path, until: float) -> Told:
    database, source = SqliteDatabase(folder / "control.db"), TableSource(taken_at=datetime(2026, 1, 1, tzinfo=UTC))
    runtime = runtime_on(folder, database, clock=SystemClock())
    turns, longest, wrong = 0, 0.0, []
    while time.monotonic() < until and not wrong:
        began = time.monotonic()
        try:
            number = run(runtime, source.put(ACCOUNTS, balances(turns + 1)), share=None).number
        except Exception as error:  # noqa: BLE001  # whatever it is, it is told
            wrong.append(f"{type(error).__name__}: {error}")
        else:
            turns, longest = turns + 1, max(longest, time.monotonic() - began)
            if number != turns + 1:
                wrong.append(f"batch {number} after {turns} turns")
    return Told("writer", turns, longest, wrong)


def read(folder: Path, until: float) -> Told:
    store, turns, longest, newest, wrong = duckdb_store(folder), 0, 0.0, 0, []
    while time.monotonic() < until and not wrong:
        began = time.monotonic()
        try:
            with store.query(CHECK) as found:
                seen = pa.table(found).to_pylist()[0]
        except Exception as error:  # noqa: BLE001  # whatever it is, it is told
            wrong.append(f"{type(error).__name__}: {error}")
        else:
            turns, longest = turns + 1, max(longest, time.monotonic() - began)
            if (seen["n"], seen["total"]) != (ROWS, TOTAL) or seen["batch"] < newest:
                wrong.append(f"saw {seen} after batch {newest}")
            newest = seen["batch"]
    return Told("reader", turns, longest, wrong)


def main() -> None:
    """Work for as long as we are told."""
    folder, role = Path(sys.argv[1]), sys.argv[2]
    if role == "write":
        database = SqliteDatabase(folder / "control.db")
        run(runtime_on(folder, database), TableSource().put(ACCOUNTS, balances(0)))
        database.close()
    print("ready", flush=True)
    until = time.monotonic() + float(sys.stdin.readline())
    print(json.dumps(asdict({"write": write, "read": read}[role](folder, until))), flush=True)


if __name__ == "__main__":
    main()
