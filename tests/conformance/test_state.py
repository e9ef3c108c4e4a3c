"""What every control store does: batches and attempts, leases with a fence, backfills, allowances."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from milepost.batch import BatchState, Pipeline
from milepost.clock import ManualClock
from milepost.errors import IllegalTransition, LeaseHeld, LeaseLost
from milepost.ports import BackfillLog, BatchLog, DailyCounter, Leases
from milepost.progress import BackfillRecord, BackfillStatus, DayRecord, DayState, Verdict
from milepost.state.backfills import SqliteBackfillLog
from milepost.state.control import SqliteBatchLog, SqliteDailyCounter, SqliteLeases, owner_name
from milepost.state.sqlite import SqliteDatabase

SHOP, OTHER = Pipeline("live", "shop"), Pipeline("forensic", "shop")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class State:
    """One control store, by its ports."""

    batches: BatchLog
    leases: Leases
    backfills: BackfillLog
    allowances: DailyCounter


def sqlite(path: Path) -> State:
    database = SqliteDatabase(path / "control.db")
    return State(
        SqliteBatchLog(database), SqliteLeases(database), SqliteBackfillLog(database), SqliteDailyCounter(database)
    )


FACTORIES: dict[str, Callable[[Path], State]] = {"sqlite": sqlite}


@pytest.fixture(params=FACTORIES)
def reopen(request, tmp_path) -> Callable[[], State]:
    """The same control store, as another process would open it."""
    return lambda: FACTORIES[request.param](tmp_path)


@pytest.fixture
def state(reopen) -> State:
    return reopen()


def test_nothing_is_known_of_a_pipeline_that_never_ran(state):
    assert state.batches.latest(SHOP) is None
    assert state.backfills.read(SHOP) is None
    assert state.backfills.days(SHOP, "orders") == []
    assert not state.backfills.cancel_requested(SHOP)
    assert state.allowances.spent("a", "events", NOW.date()) == 0


def test_a_batch_goes_from_state_to_state_and_others_see_it(state, reopen):
    attempt = state.batches.begin(SHOP, 1, NOW)
    assert (attempt.number, attempt.attempt, attempt.state) == (1, 1, BatchState.STARTED)
    attempt = state.batches.move(attempt, BatchState.STAGED, NOW)
    state.batches.move(attempt, BatchState.COMMITTED, NOW, report="{}")
    latest = reopen().batches.latest(SHOP)
    assert (latest.number, latest.attempt, latest.state) == (1, 1, BatchState.COMMITTED)
    assert reopen().batches.latest(OTHER) is None


@pytest.mark.parametrize("left_as", [BatchState.STARTED, BatchState.STAGED, BatchState.FAILED, BatchState.HELD])
def test_a_batch_that_was_not_committed_is_tried_again_under_its_number(state, left_as):
    attempt = state.batches.begin(SHOP, 1, NOW)
    if left_as in {BatchState.STAGED, BatchState.HELD}:
        attempt = state.batches.move(attempt, BatchState.STAGED, NOW)
    if left_as in {BatchState.FAILED, BatchState.HELD}:
        state.batches.move(attempt, left_as, NOW, error="why")
    again = state.batches.begin(SHOP, 1, NOW)
    assert (again.number, again.attempt) == (1, 2)
    assert state.batches.latest(SHOP) == again


def test_a_committed_batch_is_never_tried_again(state):
    attempt = state.batches.move(state.batches.begin(SHOP, 1, NOW), BatchState.STAGED, NOW)
    state.batches.move(attempt, BatchState.COMMITTED, NOW)
    with pytest.raises(IllegalTransition):
        state.batches.begin(SHOP, 1, NOW)
    assert state.batches.begin(SHOP, 2, NOW).number == 2


def test_a_transition_that_the_table_does_not_have_is_refused_and_not_recorded(state):
    attempt = state.batches.begin(SHOP, 1, NOW)
    with pytest.raises(IllegalTransition):
        state.batches.move(attempt, BatchState.COMMITTED, NOW)
    assert state.batches.latest(SHOP).state is BatchState.STARTED


def test_who_has_an_old_picture_of_a_batch_cannot_move_it(state, reopen):
    attempt = state.batches.begin(SHOP, 1, NOW)
    reopen().batches.move(attempt, BatchState.FAILED, NOW, error="elsewhere")
    with pytest.raises(IllegalTransition, match="another process"):
        state.batches.move(attempt, BatchState.STAGED, NOW)
    assert state.batches.latest(SHOP).error == "elsewhere"


def test_forgetting_a_pipeline_lets_its_numbers_begin_anew_and_touches_no_other(state):
    for pipeline in (SHOP, OTHER):
        state.batches.move(state.batches.begin(pipeline, 1, NOW), BatchState.STAGED, NOW)
    state.batches.forget(SHOP)
    assert state.batches.latest(SHOP) is None
    assert state.batches.latest(OTHER) is not None


def test_the_attempts_changed_last_come_first_and_only_those_asked_for(state):
    for second, pipeline in enumerate((SHOP, OTHER, Pipeline("live", "other"))):
        state.batches.begin(pipeline, 1, NOW + timedelta(seconds=second))
    told = [(r["platform"], r["datastore"]) for r in state.batches.recent(9)]
    assert told == [("live", "other"), ("forensic", "shop"), ("live", "shop")]
    assert [r["datastore"] for r in state.batches.recent(1, platform="live")] == ["other"]
    assert [r["platform"] for r in state.batches.recent(9, datastore="shop")] == ["forensic", "live"]


ELSEWHERE = "another-machine:1:0"


def test_a_lease_is_held_by_one_at_a_time_and_names_its_holder(state, reopen):
    state.leases.take("shop", ELSEWHERE, NOW, 60)
    with pytest.raises(LeaseHeld, match=ELSEWHERE) as held:
        reopen().leases.take("shop", owner_name(), NOW, 60)
    assert held.value.fields["holder"] == ELSEWHERE
    assert state.leases.take("other shop", owner_name(), NOW, 60)


def test_a_lease_runs_out_and_its_token_only_rises(state):
    clock, tokens = ManualClock(NOW), []
    for _ in range(3):
        tokens.append(state.leases.take("shop", ELSEWHERE, clock.now(), 60))
        clock.sleep(59.999)
        with pytest.raises(LeaseHeld):
            state.leases.take("shop", ELSEWHERE, clock.now(), 60)
        clock.sleep(0.001)
    assert tokens == sorted(set(tokens))


def test_a_renewed_lease_lasts_from_its_renewal(state):
    token = state.leases.take("shop", ELSEWHERE, NOW, 60)
    state.leases.renew("shop", token, NOW + timedelta(seconds=50), 60)
    with pytest.raises(LeaseHeld):
        state.leases.take("shop", ELSEWHERE, NOW + timedelta(seconds=100), 60)


def test_who_lost_a_lease_cannot_renew_it_nor_give_the_new_holders_back(state):
    old = state.leases.take("shop", ELSEWHERE, NOW, 60)
    later = NOW + timedelta(seconds=61)
    new = state.leases.take("shop", "third-machine:1:0", later, 60)
    assert new > old
    with pytest.raises(LeaseLost):
        state.leases.renew("shop", old, later, 60)
    state.leases.release("shop", old)
    with pytest.raises(LeaseHeld, match="third-machine"):
        state.leases.take("shop", ELSEWHERE, later, 60)
    state.leases.renew("shop", new, later, 60)


def test_a_lease_given_back_is_free_and_gone_for_its_holder(state):
    token = state.leases.take("shop", ELSEWHERE, NOW, 60)
    state.leases.release("shop", token)
    with pytest.raises(LeaseLost):
        state.leases.renew("shop", token, NOW, 60)
    assert state.leases.take("shop", "third-machine:1:0", NOW, 60) > token
    with pytest.raises(LeaseLost):
        state.leases.renew("shop", token, NOW, 60)


def test_the_lease_of_a_dead_process_of_this_machine_is_taken_over_before_it_runs_out(state):
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as process:
        import psutil

        started = psutil.Process(process.pid).create_time()
        owner = f"{socket.gethostname()}:{process.pid}:{started:.0f}"
        token = state.leases.take("shop", owner, NOW, 60)
        with pytest.raises(LeaseHeld):
            state.leases.take("shop", owner_name(), NOW, 60)
    assert state.leases.take("shop", owner_name(), NOW, 60) > token


def test_a_process_that_has_a_dead_holders_number_is_not_the_holder(state):
    state.leases.take("shop", f"{socket.gethostname()}:{os.getpid()}:1000000000", NOW, 60)
    assert state.leases.take("shop", owner_name(), NOW, 60)


def test_two_threads_of_one_process_exclude_each_other_too(state):
    state.leases.take("shop", owner_name(), NOW, 60)
    with pytest.raises(LeaseHeld):
        state.leases.take("shop", owner_name(), NOW, 60)


RECORD = BackfillRecord(SHOP, "b1", BackfillStatus.IN_PROGRESS, date(2025, 1, 1), date(2025, 12, 31), NOW)
FULL = DayRecord("orders", date(2025, 3, 30), DayState.COMPLETED, 12, Decimal("1234567890.1234"), 5_000_000_000, 2,
                 "it's", Verdict.MISMATCHED, 13, Decimal("0.1000"))  # fmt: skip


def test_a_backfill_is_read_as_it_was_written(state, reopen):
    for record in (
        RECORD,
        replace(
            RECORD,
            status=BackfillStatus.FAILED,
            finished_at=NOW + timedelta(microseconds=1),
            error="é\n'",
            include_orders=False,
        ),
    ):
        state.backfills.write(record)
        assert reopen().backfills.read(SHOP) == record
    assert state.backfills.read(OTHER) is None


def test_days_are_read_as_they_were_written_and_in_order(state, reopen):
    days = [replace(FULL, day=date(2025, 3, n)) for n in (9, 1, 30)] + [DayRecord("orders", date(2025, 2, 1))]
    state.backfills.write_days(SHOP, days)
    assert reopen().backfills.days(SHOP, "orders") == sorted(days, key=lambda d: d.day)
    state.backfills.write_days(SHOP, [DayRecord("orders", date(2025, 3, 9))])
    assert state.backfills.days(SHOP, "orders")[2] == DayRecord("orders", date(2025, 3, 9))
    assert state.backfills.days(SHOP, "clicks") == state.backfills.days(OTHER, "orders") == []


def test_days_are_recorded_all_or_none(state):
    with pytest.raises(Exception, match=r"."):
        state.backfills.write_days(SHOP, [FULL, replace(FULL, day=date(2025, 1, 1), rows=None)])
    assert state.backfills.days(SHOP, "orders") == []


def test_a_request_to_stop_is_seen_by_others_and_forgotten_with_the_next_start(state, reopen):
    state.backfills.write(RECORD)
    reopen().backfills.request_cancel(SHOP)
    assert state.backfills.cancel_requested(SHOP)
    state.backfills.write(replace(RECORD, backfill_id="b2"))
    assert not state.backfills.cancel_requested(SHOP)


def test_forgetting_a_backfill_forgets_its_days(state):
    for pipeline in (SHOP, OTHER):
        state.backfills.write(replace(RECORD, pipeline=pipeline))
        state.backfills.write_days(pipeline, [FULL])
    state.backfills.forget(SHOP)
    assert state.backfills.read(SHOP) is None
    assert state.backfills.days(SHOP, "orders") == []
    assert state.backfills.days(OTHER, "orders") == [FULL]


def test_an_allowance_adds_up_by_account_endpoint_and_day_and_outlives_the_process(state, reopen):
    day = NOW.date()
    state.allowances.spend("a", "events", day)
    reopen().allowances.spend("a", "events", day, 41)
    for other in (("b", "events", day), ("a", "profiles", day), ("a", "events", day + timedelta(days=1))):
        state.allowances.spend(*other, 7)
    assert reopen().allowances.spent("a", "events", day) == 42
