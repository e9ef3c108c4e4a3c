"""Two processes on one pipeline: one works, the other is refused, never both; also where a lease was taken over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from fix_store import FORENSIC, duckdb_store
from milepost.batch import BatchState
from milepost.state.control import SqliteBatchLog
from milepost.state.sqlite import SqliteDatabase

PROGRAM = Path(__file__).with_name("writer_process.py")


class Writer:
    """One process that makes one batch."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def told(self) -> str:
        return self.process.stdout.readline().strip()

    def go_on(self) -> None:
        print(file=self.process.stdin, flush=True)

    def signalled(self, number: int) -> None:
        os.kill(self.process.pid, number)


@pytest.fixture
def writer(tmp_path) -> Iterator[Callable[..., Writer]]:
    """`writer("A", hours_ahead, lease_seconds)` starts a writer that waits in the middle of its batch."""
    with ExitStack() as running:

        def start(name: str, hours_ahead: float = 0, lease_seconds: float = 60) -> Writer:
            command = [sys.executable, str(PROGRAM), str(tmp_path), name, str(hours_ahead), str(lease_seconds)]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            running.enter_context(process)
            running.callback(process.kill)
            return Writer(process)

        yield start


@pytest.fixture
def committed(tmp_path) -> Callable[[], tuple[int, set[str], list[int]]]:
    """The last batch, whose rows the store has, and the batches that any row says it came with."""

    def look() -> tuple[int, set[str], list[int]]:
        store = duckdb_store(tmp_path)
        with store.query("SELECT DISTINCT writer, _batch_in FROM forensic__shop.rows") as found:
            import pyarrow as pa

            rows = pa.table(found).to_pylist()
        return (
            store.checkpoint(FORENSIC).last_batch,
            {r["writer"] for r in rows},
            sorted({r["_batch_in"] for r in rows}),
        )

    return look


def test_while_one_works_the_other_is_refused_at_once(writer, committed):
    first = writer("first")
    assert first.told() == "reading"
    assert writer("second").told() == "refused lease.held"
    first.go_on()
    assert first.told() == "committed 1"
    assert committed() == (1, {"first"}, [1])


def test_after_one_has_finished_the_other_may_work(writer, committed):
    for number, name in enumerate(("first", "second"), 1):
        one = writer(name)
        assert one.told() == "reading"
        one.go_on()
        assert one.told() == f"committed {number}"
    assert committed() == (2, {"first", "second"}, [1, 2])


def test_a_killed_writer_is_taken_over_at_once(writer, committed):
    first = writer("first")
    assert first.told() == "reading"
    first.signalled(signal.SIGKILL)
    first.process.wait()
    second = writer("second")
    assert second.told() == "reading"
    second.go_on()
    assert second.told() == "committed 1"
    assert committed() == (1, {"second"}, [1])


def test_a_writer_that_slept_past_its_lease_loses_against_a_batch_committed_meanwhile(writer, committed):
    sleeper = writer("sleeper")
    assert sleeper.told() == "reading"
    sleeper.signalled(signal.SIGSTOP)
    thief = writer("thief", hours_ahead=1)
    assert thief.told() == "reading"
    thief.go_on()
    assert thief.told() == "committed 1"
    sleeper.signalled(signal.SIGCONT)
    sleeper.go_on()
    assert sleeper.told() == "refused batch.conflict"
    assert committed() == (1, {"thief"}, [1])


def test_a_writer_that_slept_past_its_lease_and_commits_first_wins_and_the_thief_is_refused(
    writer, committed, tmp_path
):
    sleeper = writer("sleeper")
    assert sleeper.told() == "reading"
    thief = writer("thief", hours_ahead=1)
    assert thief.told() == "reading"
    sleeper.go_on()
    assert sleeper.told() == "committed 1"
    thief.go_on()
    assert thief.told() == "refused batch.conflict"
    assert committed() == (1, {"sleeper"}, [1])
    with_log = SqliteDatabase(tmp_path / "control.db")
    latest = SqliteBatchLog(with_log).latest(FORENSIC)
    with_log.close()
    assert (latest.number, latest.attempt, latest.state) == (1, 2, BatchState.FAILED)
    third = writer("third", hours_ahead=2)
    assert third.told() == "reading", "after a conflict the pipeline goes on"
    third.go_on()
    assert third.told() == "committed 2"


def test_a_writer_whose_lease_was_taken_commits_nothing(writer, committed):
    slow = writer("slow", lease_seconds=0.4)
    assert slow.told() == "reading"
    thief = writer("thief", hours_ahead=1)
    assert thief.told() == "reading"
    time.sleep(1)  # the slow one tries to renew every tenth of a second
    slow.go_on()
    assert slow.told() == "refused lease.lost"
    thief.go_on()
    assert thief.told() == "committed 1"
    assert committed() == (1, {"thief"}, [1])
