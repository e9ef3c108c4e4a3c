"""The embedded store's file: who may open it, what its errors become, and that it is an ordinary DuckDB file."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import duckdb
import pytest

from crashing import Crash, Fuse, fused
from fix_store import FORENSIC, run
from milepost.clock import ManualClock
from milepost.dataset import Dataset
from milepost.errors import StoreBusy, StoreCorrupt, StoreError, StoreUnwritable
from milepost.schema import INTEGER, TEXT, Column
from milepost.stores.duckdb.lock import file_lock
from table_source import TableSource

X = Dataset("x", (Column("id", INTEGER), Column("text", TEXT)), ("id",))


def source(text: str = "a") -> TableSource:
    return TableSource().put(X, [{"id": n, "text": text} for n in range(3)])


def test_the_file_is_read_by_any_duckdb_under_any_name(runtime, tmp_path):
    run(runtime, source("a"))
    run(runtime, source("b"))
    moved = runtime.store.path.rename(tmp_path / "another name.db")
    with duckdb.connect(str(moved), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM forensic__shop.x").fetchall() == [(6,)]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_commit_that_fails_is_told_with_its_reason(runtime, after):
    fuse = Fuse("COMMIT", after=after)
    with pytest.raises(Crash):
        run(fused(runtime, fuse), source())
    assert fuse.blown
    assert runtime.store.checkpoint(FORENSIC).last_batch == int(after)
    assert run(runtime, source()).number == 1 + int(after)


def test_a_file_that_is_not_a_store_is_damaged_and_left_alone(runtime):
    runtime.store.path.write_bytes(b"no database at all " * 1000)
    before = runtime.store.path.read_bytes()
    with pytest.raises(StoreCorrupt) as told:
        run(runtime, source())
    assert str(runtime.store.path) in told.value.what
    assert runtime.store.path.read_bytes() == before


def test_a_damaged_block_is_told_as_damage(runtime):
    run(runtime, source("long text " * 10_000))
    whole = runtime.store.path.read_bytes()
    runtime.store.path.write_bytes(whole[:20_000] + bytes(len(whole) - 20_000))
    with pytest.raises(StoreError):
        run(runtime, source())


def test_a_folder_that_is_not_there_is_told_with_its_name(runtime, tmp_path):
    lost = replace(runtime, store=replace(runtime.store, path=tmp_path / "lost" / "store.duckdb"))
    with pytest.raises(StoreUnwritable, match="lost"):
        run(lost, source())


def test_a_file_that_another_program_has_open_is_busy(runtime):
    run(runtime, source())
    program = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", program, str(runtime.store.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "open\n"
        with pytest.raises(StoreBusy, match="does not use Milepost's lock"):
            run(runtime, source("b"))
        other.stdin.close()
    assert run(runtime, source("b")).total.updated == 3


def test_who_waits_too_long_for_the_lock_is_told_who_has_it_and_what_for(runtime):
    clock = ManualClock()
    waiting = replace(runtime.store, clock=clock, lock_timeout=5.0)
    with runtime.store.locked(exclusive=True, purpose="a long commit"):
        with pytest.raises(StoreBusy, match="a long commit"):
            waiting.checkpoint(FORENSIC)
        assert 5 <= clock.elapsed < 6
    waiting.checkpoint(FORENSIC)


def test_readers_share_the_lock_and_a_writer_excludes_them(runtime):
    path, clock = runtime.store.path, ManualClock()

    def reading():
        return file_lock(path, clock, exclusive=False, timeout=1, purpose="read")

    def writing():
        return file_lock(path, clock, exclusive=True, timeout=1, purpose="write")

    with reading(), reading(), pytest.raises(StoreBusy), writing():
        pass
    with writing(), pytest.raises(StoreBusy), reading():
        pass
    with writing(), pytest.raises(StoreBusy), writing():
        pass
    with writing():
        pass


def test_what_is_left_after_a_commit_is_the_file_and_its_locks(runtime, tmp_path):
    run(runtime, source())
    assert {p.name for p in tmp_path.iterdir() if p.name.startswith("store")} == {
        "store.duckdb", "store.duckdb.lock", "store.duckdb.turn",
    }  # fmt: skip
