"""An ingest killed at any moment leaves nothing behind that the next one does not put right by itself."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

PROGRAM = Path(__file__).with_name("ingest_process.py")
FOR_EVER = 100_000


class Worker:
    """The program under test: works on a folder until a batch number, or until it is killed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def begin(self, until: int) -> int:
        print(until, file=self.process.stdin, flush=True)
        word, pid = self.process.stdout.readline().split()
        assert word == "began"
        return int(pid)

    def ended(self) -> int:
        word, status = self.process.stdout.readline().split()
        assert word == "ended"
        return os.waitstatus_to_exitcode(int(status))


@contextmanager
def working_on(folder: Path) -> Iterator[Worker]:
    folder.mkdir()
    command = [sys.executable, str(PROGRAM), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Worker(process)
        process.stdin.close()


def everything(folder: Path) -> dict[str, list[tuple]]:
    """Every row of every table of a store, its own tables included."""
    with duckdb.connect(str(folder / "store.duckdb"), read_only=True) as connection:
        tables = connection.execute("SELECT schema_name, table_name FROM duckdb_tables() ORDER BY ALL").fetchall()
        assert len(tables) > 9
        return {
            f"{schema}.{name}": sorted(connection.execute(f'FROM "{schema}"."{name}"').fetchall(), key=repr)
            for schema, name in tables
        }


def last_batch(folder: Path) -> int:
    if not (folder / "store.duckdb").exists():
        return 0
    with duckdb.connect(str(folder / "store.duckdb"), read_only=True) as connection:
        known = connection.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'checkpoint'").fetchone()
        if not known[0]:
            return 0
        return connection.execute("SELECT COALESCE(max(last_batch), 0) FROM _milepost.checkpoint").fetchone()[0]


def control(folder: Path, sql: str) -> list[tuple]:
    import sqlite3

    with sqlite3.connect(folder / "control.db") as connection:
        rows = connection.execute(sql).fetchall()
    connection.close()
    return rows


@pytest.mark.parametrize(
    "kills", [15, pytest.param(60, marks=[pytest.mark.slow, pytest.mark.timeout(900)])], ids=lambda n: f"{n} kills"
)
def test_an_ingest_killed_at_random_moments_ends_as_one_that_nobody_disturbed(tmp_path, kills):
    moments, killed, states = random.Random(kills), 0, set()
    with working_on(tmp_path / "disturbed") as worker:
        while killed < kills:
            pid = worker.begin(FOR_EVER)
            time.sleep(moments.uniform(0, moments.choice((0.25, 1.2))))
            os.kill(pid, signal.SIGKILL)
            assert worker.ended() == -signal.SIGKILL
            killed += 1
            if (tmp_path / "disturbed" / "control.db").exists():
                known = control(tmp_path / "disturbed", "SELECT name FROM sqlite_schema WHERE name = 'attempt'")
                states |= {s for (s,) in control(tmp_path / "disturbed", LATEST)} if known else set()
        until = last_batch(tmp_path / "disturbed") + 1
        worker.begin(until)
        assert worker.ended() == 0
    with working_on(tmp_path / "quiet") as worker:
        worker.begin(until)
        assert worker.ended() == 0
    print(f"{killed} kills, {until} batches of each pipeline; found after a kill: {', '.join(sorted(states))}")
    assert killed == kills
    assert until > 1, "no batch was ever finished: the kills came too early to say anything"
    assert everything(tmp_path / "disturbed") == everything(tmp_path / "quiet")
    assert control(tmp_path / "disturbed", "SELECT DISTINCT owner FROM lease") == [("",)], "a lease is stuck"
    attempts = control(tmp_path / "disturbed", "SELECT platform, number, attempt, state FROM attempt ORDER BY 1, 2, 3")
    for platform in ("live", "forensic"):
        own = [(number, attempt, state) for p, number, attempt, state in attempts if p == platform]
        assert sorted({number for number, _, _ in own}) == list(range(1, until + 1)), "a batch has no attempt"
        for number in range(1, until + 1):
            told = [state for n, _, state in own if n == number]
            assert told[-1] == "committed"
            assert set(told[:-1]) <= {"started", "staged"}, "what was killed is neither failed nor committed"
            assert [a for n, a, _ in own if n == number] == list(range(1, len(told) + 1))


LATEST = "SELECT state FROM attempt ORDER BY changed_at DESC LIMIT 1"
