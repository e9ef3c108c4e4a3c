"""Snapshots of a large table, as whole processes, against a bare COPY of it: `python benchmarks/snapshots.py [rows] [runs]`.

Each figure is the median of the runs; the ratio is taken pair by pair, since the bare COPY runs right before each batch.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from milepost.sandbox.customer_db import change_customers, load_customers
from milepost.sandbox.postgres import PostgresServer

MILEPOST = Path(sys.executable).with_name("milepost")
COPY = "COPY customers TO STDOUT (FORMAT binary)"
BY_PSYCOPG = f"""
import sys, psycopg
with psycopg.connect(sys.argv[1]) as c, c.cursor().copy({COPY!r}) as copy:
    for _ in copy: pass
"""


def process(command: list[str], **environment: str) -> tuple[float, int]:
    """Wall seconds of a whole process and its peak memory in MB."""
    began = time.perf_counter()
    child = subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{command[:3]} failed")
    return time.perf_counter() - began, usage.ru_maxrss // 1024


def bare_copy(dsn: str) -> float:
    psql = shutil.which("psql")
    command = [psql, dsn, "-qXc", COPY] if psql else [sys.executable, "-c", BY_PSYCOPG, dsn]
    return process(command)[0]


def measure(dsn: str, home: Path, platform: str, runs: int, rows: int) -> None:
    environment = {"MILEPOST_HOME": str(home), "BENCH_DSN": dsn, "MILEPOST_ECOSYSTEM": str(home / "ecosystem.yaml")}
    ingest = [str(MILEPOST), "ingest", "bench", "--platform", platform, "--quiet"]
    rounds = iter(range(1, 1000))

    def batch() -> tuple[float, float, int]:
        copied = bare_copy(dsn)
        seconds, memory = process(ingest, **environment)
        return seconds, seconds / copied, memory

    def first() -> tuple[float, float, int]:
        for file in home.glob("st*"):
            file.unlink()
        return batch()

    def changed() -> tuple[float, float, int]:
        change_customers(dsn, 0.01, round_=next(rounds))
        return batch()

    for name, step in (("first load", first), ("no change", batch), ("1 % changes", changed)):
        measured = [step() for _ in range(runs)]
        seconds, ratio, memory = (statistics.median(column) for column in zip(*measured, strict=True))
        print(f"| {platform:8} | {name:11} | {rows:>10,} | {seconds:6.2f} | {ratio:5.2f} | {memory:6.0f} |", flush=True)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    with (
        tempfile.TemporaryDirectory(prefix="milepost-bench-") as folder,
        PostgresServer(Path(folder) / "postgres", durable=False) as server,
    ):
        dsn = server.create_database("bench")
        load_customers(dsn, rows)
        home = Path(folder) / "home"
        home.mkdir()
        (home / "ecosystem.yaml").write_text(
            "platforms:\n  live: {milestoning: live}\n  forensic: {milestoning: forensic}\n"
            "datastores:\n  bench: {source: postgres, dsn_env: BENCH_DSN}\n"
        )
        print(f"bare COPY of {rows:,} rows: {statistics.median(bare_copy(dsn) for _ in range(3)):.2f} s")
        print("| platform | batch       |       rows | seconds | x COPY | peak MB |\n|---|---|---|---|---|---|")
        for platform in ("forensic", "live"):
            measure(dsn, home, platform, runs, rows)
    print(f"(this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB)")


if __name__ == "__main__":
    main()
