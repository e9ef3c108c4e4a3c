"""A backfill, from the look-alike into a store: complete, verified, resumable, honest about what failed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr

from fix_store import runtime_on
from milepost.batch import Pipeline
from milepost.clock import SystemClock
from milepost.cursor import Window
from milepost.engine.backfill import BackfillPlan, BackfillRun, Catalogue, clear, start
from milepost.engine.lease import held
from milepost.engine.retry import Patience
from milepost.engine.runtime import Runtime
from milepost.errors import DeletesHeld, LeaseHeld, SourceUnauthorized, Stopped
from milepost.milestoning import Milestoning
from milepost.progress import BackfillRecord, BackfillStatus, DayState, Verdict, status_document
from milepost.sandbox.klaviyo import AccountSpec, FaultPlan, FaultRule, Sandbox
from milepost.sources.klaviyo import TIERS, KlaviyoSource, Limit, Options
from milepost.state.control import SqliteDailyCounter
from milepost.state.sqlite import SqliteDatabase
from table_source import TableSource

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
FIRST, LAST = date(2026, 3, 1), date(2026, 6, 15)
SHOP = AccountSpec(
    "shop", "pk_shop", "shopify", "America/New_York", "USD", orders=4000, start=FIRST, end=LAST, seed=21, future=0
)
LATE = replace(SHOP, slug="late", key="pk_late", seed=22, late=0.05, future=20)
BUSY = replace(SHOP, slug="busy", key="pk_busy", seed=23, orders=30_000)
PIPELINE = Pipeline("live", "shop")
PLAN = BackfillPlan(PIPELINE, Milestoning.LIVE, "orders", "date", "value", workers=4, lookback_days=7)
UNLIMITED = dict.fromkeys(TIERS, Limit(10**6, 10**6))


class Shifted(SystemClock):
    """The machine's clock, seen from the look-alike's day."""

    shift = NOW - datetime.now(UTC)

    def now(self) -> datetime:
        return super().now() + self.shift


@pytest.fixture(scope="module")
def server(klaviyo_cache: Path) -> Iterator[Sandbox]:
    with Sandbox([SHOP, LATE, BUSY], limits="off", now=NOW, cache_dir=klaviyo_cache) as sandbox:
        yield sandbox


@pytest.fixture
def runtime(tmp_path: Path, database: SqliteDatabase, server: Sandbox) -> Runtime:
    server.set_faults(FaultPlan())
    return runtime_on(tmp_path, database, clock=Shifted())


@pytest.fixture
def source(server: Sandbox, database: SqliteDatabase) -> Callable[..., KlaviyoSource]:
    def of(account: AccountSpec = SHOP, **options: object) -> KlaviyoSource:
        chosen = {"timeout": 1.0, "patience": Patience(attempts=12, base=0.02, cap=0.2), "limits": UNLIMITED, **options}
        return KlaviyoSource(
            account.slug,
            SecretStr(account.key),
            SqliteDailyCounter(database),
            Options(base_url=server.url, **chosen),
            clock=Shifted(),
        )

    return of


def backfill(
    runtime: Runtime, reader: KlaviyoSource, first: date = FIRST, last: date = LAST, **parts: object
) -> BackfillRecord:
    start(runtime, reader.zone, PLAN, first, last)
    return BackfillRun(runtime, reader, PLAN, **parts).work()


def orders(runtime: Runtime) -> tuple[int, Decimal]:
    import pyarrow as pa

    with runtime.store.query("SELECT count(*) AS n, sum(value) AS value FROM live__shop.orders") as found:
        row = pa.table(found).to_pylist()[0]
    return row["n"], row["value"]


def test_every_order_of_every_day_is_there_and_every_day_is_verified(runtime: Runtime, source, server: Sandbox) -> None:
    reader = source()
    catalogue = Catalogue(reader, tuple(d for d in reader.datasets() if d.name in {"campaigns", "flows"}))
    record = backfill(runtime, reader, catalogue=catalogue)
    truth = server.expected("shop")
    assert orders(runtime) == (truth.orders, truth.revenue)
    known = runtime.backfills.days(PIPELINE, "orders")
    document = status_document(record, known, {})
    assert (document["status"], document["progress"], document["days_failed"]) == ("completed", 100.0, 0)
    assert document["verified_days"] == len(known) - 1, "today is still moving and is not judged"
    assert document["mismatched_days"] == 0
    assert {"campaigns", "flows"} <= set(runtime.store.checkpoint(PIPELINE).datasets)


def test_reading_it_all_again_changes_nothing(runtime: Runtime, source) -> None:
    backfill(runtime, source())
    before = orders(runtime)
    runtime.backfills.forget(PIPELINE)
    backfill(runtime, source())
    assert orders(runtime) == before


def test_a_storm_of_faults_loses_nothing_and_leaves_no_day_wrongly_done(
    runtime: Runtime, source, server: Sandbox
) -> None:
    server.requests(reset=True)
    server.set_faults(FaultPlan.storm(rate=0.3, seed=5))
    record = backfill(runtime, source(BUSY))
    truth = server.expected("busy")
    assert (record.status, orders(runtime)) == (BackfillStatus.COMPLETED, (truth.orders, truth.revenue))
    told = server.requests()
    assert sum(told["faults"].values()) > 0.2 * sum(told["requests"].values()), "the storm did not blow"


def test_a_day_that_cannot_be_read_fails_alone_and_can_be_retried(runtime: Runtime, source, server: Sandbox) -> None:
    server.set_faults(FaultPlan((FaultRule("error_500", rate=0.3, endpoint="GET /api/events"),)))
    record = backfill(runtime, source(BUSY, patience=Patience(attempts=1)))
    failed = [d for d in runtime.backfills.days(PIPELINE, "orders") if d.state is DayState.FAILED]
    assert record.status is BackfillStatus.FAILED
    assert failed
    assert all("500" in d.error or "answer" in d.error for d in failed)
    server.set_faults(FaultPlan())
    record = BackfillRun(runtime, source(BUSY), PLAN, states=frozenset({DayState.FAILED})).work()
    truth = server.expected("busy")
    assert (record.status, orders(runtime)) == (BackfillStatus.COMPLETED, (truth.orders, truth.revenue))


def test_late_orders_come_with_the_look_back_and_future_ones_do_not_move_it(
    runtime: Runtime, source, server: Sandbox
) -> None:
    pipeline_orders = lambda: orders(runtime)  # noqa: E731
    backfill(runtime, source(LATE))
    visible = server.expected("late")
    assert visible.hidden > 0
    first, _ = pipeline_orders()
    assert first == visible.orders + visible.future
    server.release("late")
    backfill(runtime, source(LATE))
    second, _ = pipeline_orders()
    assert first < second
    mismatched = [d for d in runtime.backfills.days(PIPELINE, "orders") if d.verdict is Verdict.MISMATCHED]
    assert not mismatched, "a day that differs is read once more by itself, however old it is"
    truth = server.expected("late")
    assert second == truth.orders + truth.future


def test_a_stopped_backfill_keeps_what_it_committed_and_resumes(runtime: Runtime, source, server: Sandbox) -> None:
    stop = threading.Event()
    reader = source()
    start(runtime, reader.zone, PLAN, FIRST, LAST)
    stop.set()
    with pytest.raises(Stopped, match="every committed day is kept"):
        BackfillRun(runtime, reader, PLAN, stop=stop).work()
    assert runtime.backfills.read(PIPELINE).status is BackfillStatus.CANCELLED
    BackfillRun(runtime, source(), PLAN).work()
    truth = server.expected("shop")
    assert orders(runtime) == (truth.orders, truth.revenue)


def test_cancelling_from_elsewhere_stops_the_run(runtime: Runtime, source) -> None:
    reader = source()
    start(runtime, reader.zone, PLAN, FIRST, LAST)
    slices = reader.slices

    def slices_and_cancel(*asked):
        runtime.backfills.request_cancel(PIPELINE)
        return slices(*asked)

    reader.slices = slices_and_cancel
    with pytest.raises(Stopped):
        BackfillRun(runtime, reader, PLAN).work()
    assert runtime.backfills.read(PIPELINE).status is BackfillStatus.CANCELLED


def test_a_revoked_key_stops_at_once_and_says_so(runtime: Runtime, source, klaviyo_cache: Path, database) -> None:
    with Sandbox([SHOP], limits="off", now=NOW, cache_dir=klaviyo_cache) as own:
        reader = KlaviyoSource(
            "shop", SecretStr(SHOP.key), SqliteDailyCounter(database), Options(base_url=own.url), clock=Shifted()
        )
        start(runtime, reader.zone, PLAN, FIRST, LAST)
        own.revoke("shop")
        with pytest.raises(SourceUnauthorized) as caught:
            BackfillRun(runtime, reader, PLAN).work()
    assert SHOP.key not in str(caught.value)
    record = runtime.backfills.read(PIPELINE)
    assert (record.status, SHOP.key in record.error) == (BackfillStatus.FAILED, False)


def test_two_processes_never_work_on_one_backfill(runtime: Runtime, source) -> None:
    reader = source()
    start(runtime, reader.zone, PLAN, FIRST, LAST)
    with held(replace(runtime, owner="elsewhere:1:0"), PIPELINE):
        with pytest.raises(LeaseHeld, match="elsewhere"):
            BackfillRun(runtime, reader, PLAN).work()
        with pytest.raises(LeaseHeld):
            start(runtime, reader.zone, PLAN, FIRST, LAST)


def test_starting_again_later_reads_new_days_and_the_look_back_only(runtime: Runtime, source, server: Sandbox) -> None:
    middle = LAST - timedelta(days=20)
    backfill(runtime, source(), FIRST, middle)
    start(runtime, source().zone, PLAN, FIRST, LAST)
    pending = [d.day for d in runtime.backfills.days(PIPELINE, "orders") if d.state is DayState.PENDING]
    assert pending == [middle + timedelta(days=n) for n in range(1, 21)]
    BackfillRun(runtime, source(), PLAN).work()
    start(runtime, source().zone, PLAN, FIRST, LAST)
    pending = [d.day for d in runtime.backfills.days(PIPELINE, "orders") if d.state is DayState.PENDING]
    assert pending == [LAST - timedelta(days=n) for n in range(6, -1, -1)]


def test_without_orders_none_is_read_even_where_an_earlier_start_left_some(runtime: Runtime, source) -> None:
    reader = source()
    start(runtime, reader.zone, PLAN, FIRST, LAST)
    start(runtime, reader.zone, PLAN, FIRST, LAST, orders=False)
    BackfillRun(runtime, reader, PLAN).work()
    assert runtime.store.windows(PIPELINE, "orders") == {}


@pytest.mark.parametrize("forgotten", [False, True], ids=["look-back", "after a clear"])
def test_a_kill_while_days_are_read_again_does_not_make_them_done(runtime: Runtime, source, forgotten: bool) -> None:
    reader = source()
    backfill(runtime, reader)
    if forgotten:
        runtime.backfills.forget(PIPELINE)
    start(runtime, reader.zone, PLAN, FIRST, LAST)
    again = [d for d in runtime.backfills.days(PIPELINE, "orders") if d.state is DayState.PENDING]
    killed = [replace(d, state=DayState.IN_PROGRESS, attempts=d.attempts + 1) for d in again]
    runtime.backfills.write_days(PIPELINE, killed)
    asked: list[Window] = []
    slices = reader.slices
    reader.slices = lambda stream, windows: slices(stream, asked.extend(windows) or windows)
    BackfillRun(runtime, reader, PLAN).work()
    assert len(asked) == len(again) > 0


def test_a_retry_reads_the_failed_days_of_the_range_and_no_others(runtime: Runtime, source) -> None:
    reader = source()
    start(runtime, reader.zone, PLAN, FIRST, LAST)
    days = runtime.backfills.days(PIPELINE, "orders")
    runtime.backfills.write_days(PIPELINE, [replace(d, state=DayState.FAILED) for d in (days[0], days[-2])])
    start(runtime, reader.zone, PLAN, LAST - timedelta(days=3), LAST)
    days = runtime.backfills.days(PIPELINE, "orders")
    runtime.backfills.write_days(PIPELINE, [replace(days[-2], state=DayState.FAILED)])
    record = BackfillRun(runtime, reader, PLAN, states=frozenset({DayState.FAILED})).work()
    states = [d.state for d in runtime.backfills.days(PIPELINE, "orders")]
    assert states[-4:] == [DayState.PENDING, DayState.PENDING, DayState.COMPLETED, DayState.PENDING]
    assert states[0] is DayState.FAILED
    assert (record.status, record.error) == (BackfillStatus.CANCELLED, "3 days are not read yet")


def test_an_empty_catalogue_is_held_and_deletes_nothing(runtime: Runtime, source) -> None:
    reader = source()
    campaigns = tuple(d for d in reader.datasets() if d.name == "campaigns")
    backfill(runtime, reader, catalogue=Catalogue(reader, campaigns))
    before = runtime.store.checkpoint(PIPELINE).last_batch
    nothing = TableSource().put(campaigns[0], [])
    start(runtime, reader.zone, PLAN, LAST, LAST)
    with pytest.raises(DeletesHeld, match="campaigns"):
        BackfillRun(runtime, reader, PLAN, catalogue=Catalogue(nothing, campaigns)).work()
    assert runtime.store.checkpoint(PIPELINE).last_batch == before + 1, (
        "the day's orders are kept, the catalogue is held"
    )


@pytest.mark.parametrize("rows", [False, True])
def test_clearing_forgets_the_days_and_the_rows_only_where_asked_to(runtime: Runtime, source, rows: bool) -> None:
    backfill(runtime, source())
    stored = orders(runtime)
    clear(runtime, PIPELINE, rows=rows)
    assert runtime.backfills.read(PIPELINE) is None
    assert runtime.backfills.days(PIPELINE, "orders") == []
    assert (runtime.batches.latest(PIPELINE) is None) is rows
    if not rows:
        assert orders(runtime) == stored
    assert runtime.store.checkpoint(PIPELINE).last_batch == 0 or not rows
