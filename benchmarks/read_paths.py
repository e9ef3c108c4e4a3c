"""Measures ways to read the 1,000,000-row customers table: whole processes, medians of three, as ratios to a bare COPY.

Run: .venv/bin/python benchmarks/read_paths.py [rows]
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 3
COLUMNS = "id, first_name, last_name, dob, email, phone, primary_address_id, billing_address_id"


def bare_copy(dsn: str) -> int:
    """(a) COPY TO STDOUT (FORMAT binary), drained to nothing; answers the bytes."""
    import psycopg

    statement = "COPY customers TO STDOUT (FORMAT binary)"
    with psycopg.connect(dsn) as connection, connection.cursor() as cursor, cursor.copy(statement) as copy:
        return sum(len(block) for block in copy)


def attached(dsn: str):
    import duckdb

    from milepost.sources.sql.postgres import load_extension

    duck = duckdb.connect(config={"allow_unsigned_extensions": True})
    load_extension(duck)
    duck.execute(f"ATTACH '{dsn}' AS pg (TYPE postgres, READ_ONLY)")
    return duck


def scanner(dsn: str) -> int:
    """(b) DuckDB's scanner over the attached table, into a table in memory."""
    duck = attached(dsn)
    duck.execute(f"CREATE TABLE customers AS SELECT {COLUMNS} FROM pg.customers")
    return duck.execute("SELECT count(*) FROM customers").fetchone()[0]


def query_function(dsn: str) -> int:
    """(c) postgres_query, into a table in memory."""
    duck = attached(dsn)
    query = f"SELECT {COLUMNS} FROM customers"
    duck.execute("CREATE TABLE customers AS SELECT * FROM postgres_query('pg', ?)", [query])
    return duck.execute("SELECT count(*) FROM customers").fetchone()[0]


def through_arrow(dsn: str) -> int:
    """(d) the scanner's rows as an Arrow record batch reader, into a table of a second DuckDB."""
    return _through_arrow(dsn, f"SELECT {COLUMNS} FROM pg.customers")


def query_through_arrow(dsn: str) -> int:
    """(e) postgres_query's rows as an Arrow record batch reader, into a table of a second DuckDB."""
    return _through_arrow(dsn, f"SELECT * FROM postgres_query('pg', 'SELECT {COLUMNS} FROM customers')")


def _through_arrow(dsn: str, query: str) -> int:
    import duckdb

    reader = attached(dsn).execute(query).to_arrow_reader(100_000)
    second = duckdb.connect()
    second.register("reader", reader)
    second.execute("CREATE TABLE customers AS SELECT * FROM reader")
    return second.execute("SELECT count(*) FROM customers").fetchone()[0]


def start_only(dsn: str) -> int:
    """(z) imports, extension and ATTACH, nothing read: what of b to e is start-up."""
    attached(dsn)
    return 0


PATHS: dict[str, Callable[[str], int]] = {
    path.__name__: path for path in (bare_copy, scanner, query_function, through_arrow, query_through_arrow, start_only)
}


def measure(path: str, dsn: str) -> tuple[float, float]:
    """Wall seconds of a whole process, and its peak resident memory in MB."""
    began = time.perf_counter()
    done = subprocess.run([sys.executable, __file__, path, dsn], capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - began
    return seconds, json.loads(done.stdout)["peak_mb"]


def one_path(path: str, dsn: str) -> None:
    count = PATHS[path](dsn)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"count": count, "peak_mb": peak}))


def main(rows: int) -> None:
    from milepost.sandbox.customer_db import load_customers
    from milepost.sandbox.postgres import PostgresServer

    with tempfile.TemporaryDirectory() as folder, PostgresServer(Path(folder), durable=False) as server:
        dsn = server.create_database("bench")
        load_customers(dsn, rows)
        for path in PATHS:
            measure(path, dsn)  # warm caches: the first reader of each path pays for none of the others
        figures: dict[str, list[tuple[float, float]]] = {path: [] for path in PATHS}
        for _ in range(ROUNDS):
            for path in PATHS:
                figures[path].append(measure(path, dsn))
    base = statistics.median(seconds for seconds, _ in figures["bare_copy"])
    print(f"{rows:,} rows, medians of {ROUNDS}, whole processes")
    for path, runs in figures.items():
        seconds = statistics.median(seconds for seconds, _ in runs)
        peak = statistics.median(peak for _, peak in runs)
        spread = f"{min(s for s, _ in runs):.2f}-{max(s for s, _ in runs):.2f}"
        print(f"{path:20} {seconds:6.2f} s  ({spread})  x {seconds / base:4.2f}  {peak:6.0f} MB")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        one_path(sys.argv[1], sys.argv[2])
    else:
        main(int(sys.argv[1]) if len(sys.argv) == 2 else 1_000_000)
