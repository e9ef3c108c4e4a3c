"""What an ingest does after a failure, and after somebody put an older store, or none, in the place of the newest."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from fix_store import FORENSIC, LIVE, run
from milepost.batch import BatchState
from milepost.dataset import Dataset
from milepost.engine.ingest import Ingest, ingest
from milepost.errors import (
    DeletesHeld,
    LeaseHeld,
    NotInstalled,
    SchemaRefused,
    SourceChanged,
    SourceUnauthorized,
    SourceUnavailable,
    Stopped,
    StoreUnwritable,
)
from milepost.milestoning import Milestoning
from milepost.schema import INTEGER, TEXT, Column
from table_source import TableSource

X = Dataset("x", (Column("id", INTEGER), Column("text", TEXT)), ("id",))
Y = replace(X, name="y")


def source(text: str = "a", rows: int = 10) -> TableSource:
    every = [{"id": n, "text": text} for n in range(rows)]
    return TableSource(chunk_rows=4).put(X, every).put(Y, every)


@pytest.mark.parametrize("chunk", range(6))
def test_a_source_that_fails_at_any_chunk_leaves_the_store_as_it_was_and_the_next_batch_is_whole(
    runtime, rows_of, chunk
):
    run(runtime, source("a"))
    broken = source("b")
    broken.failure, broken.fail_at = SourceUnavailable("the line is dead"), chunk
    with pytest.raises(SourceUnavailable):
        run(runtime, broken)
    latest = runtime.batches.latest(FORENSIC)
    assert (latest.number, latest.state, latest.error) == (2, BatchState.FAILED, "the line is dead")
    assert rows_of("SELECT DISTINCT text FROM forensic__shop.x") == [{"text": "a"}]
    assert run(runtime, source("b")).total.updated == 20
    assert runtime.batches.latest(FORENSIC).attempt == 2


@pytest.mark.parametrize(
    "error", [SourceChanged, SourceUnauthorized, StoreUnwritable, NotInstalled, KeyError, KeyboardInterrupt]
)
def test_whatever_fails_the_lease_is_given_back_and_the_attempt_is_told(runtime, error):
    broken = source()
    broken.failure = error("why")
    with pytest.raises(error):
        run(runtime, broken)
    assert runtime.batches.latest(FORENSIC).state is BatchState.FAILED
    assert run(runtime, source()).number == 1


def test_an_ingest_that_a_person_stops_writes_nothing(runtime):
    order = Ingest(FORENSIC, Milestoning.FORENSIC, stopped=lambda: True)
    with pytest.raises(Stopped):
        ingest(runtime, source(), (X, Y), order)
    assert runtime.store.checkpoint(FORENSIC).last_batch == 0


def test_a_held_batch_is_applied_under_its_number_when_a_person_accepts_it(runtime):
    run(runtime, source())
    with pytest.raises(DeletesHeld):
        run(runtime, source(rows=0))
    assert runtime.batches.latest(FORENSIC).state is BatchState.HELD
    report = run(runtime, source(rows=0), share=None)
    assert (report.number, report.total.deleted) == (2, 20)


def test_one_dataset_that_is_held_holds_its_whole_batch(runtime, rows_of):
    run(runtime, source())
    mixed = source("b").put(Y, [])
    with pytest.raises(DeletesHeld, match="'y'"):
        run(runtime, mixed)
    assert rows_of("SELECT DISTINCT text FROM forensic__shop.x") == [{"text": "a"}]


def test_a_lease_that_is_held_is_not_waited_for(runtime):
    runtime.leases.take(f"pipeline {FORENSIC}", "another-machine:1:0", runtime.clock.now(), 60)
    with pytest.raises(LeaseHeld):
        run(runtime, source())
    assert run(runtime, source(), LIVE).number == 1, "another pipeline is free"
    runtime.clock.sleep(61)
    assert run(runtime, source()).number == 1


def test_a_pipeline_keeps_its_milestoning(runtime):
    run(runtime, source())
    with pytest.raises(SchemaRefused, match="forensic"):
        ingest(runtime, source(), (X, Y), Ingest(FORENSIC, Milestoning.LIVE))


def test_what_the_control_store_missed_of_a_commit_is_settled_by_the_next_batch(runtime):
    run(runtime, source())
    with runtime.store.batch(FORENSIC) as batch:
        attempt = runtime.batches.begin(FORENSIC, 2, runtime.clock.now())
        runtime.batches.move(attempt, BatchState.STAGED, runtime.clock.now())
        from milepost.merge.plan import BatchFacts, plan

        batch.commit(
            plan(BatchFacts(FORENSIC, Milestoning.FORENSIC, 2, runtime.clock.now(), batch.checkpoint.datasets), [])
        )
    assert run(runtime, source()).number == 3
    told = [(r["number"], r["state"]) for r in runtime.batches.recent(20)]
    assert sorted(told) == [(1, "committed"), (2, "committed"), (3, "committed")]


@pytest.mark.parametrize("last", ["committed", "failed", "held"])
def test_after_an_older_store_was_put_back_numbering_follows_the_store(runtime, last):
    run(runtime, source("1"))
    copy = runtime.store.path.with_suffix(".copy")
    shutil.copy(runtime.store.path, copy)
    for text in "234":
        run(runtime, source(text))
    if last == "failed":
        broken = source("5")
        broken.failure = SourceUnavailable("gone")
        with pytest.raises(SourceUnavailable):
            run(runtime, broken)
    if last == "held":
        with pytest.raises(DeletesHeld):
            run(runtime, source(rows=0))
    shutil.copy(copy, runtime.store.path)
    assert [run(runtime, source("6")).number for _ in range(2)] == [2, 3]


def test_after_the_control_store_was_lost_work_goes_on_from_the_store(runtime, database):
    run(runtime, source("1"))
    runtime.batches.forget(FORENSIC)
    assert run(runtime, source("2")).number == 2
