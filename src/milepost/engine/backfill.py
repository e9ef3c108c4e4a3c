"""Backfill: the past of a datastore, day by day, many windows at once; kept in the control store as it goes.

The truth about which days are done is in the store, written with their rows; the control store shows it and is brought
up to it whenever work begins. Nothing here knows Klaviyo.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4
from zoneinfo import ZoneInfo

from milepost.batch import BatchReport, Pipeline
from milepost.cursor import Window, day_window, days
from milepost.dataset import Dataset
from milepost.engine.ingest import Ingest, IngestProgress, read_snapshot
from milepost.engine.lease import HeldLease, held
from milepost.engine.run import Staged, run_batch
from milepost.engine.runtime import Runtime
from milepost.engine.windows import WindowBatches, WindowReader, touching
from milepost.errors import MilepostError, Stopped, UnknownName
from milepost.milestoning import Milestoning
from milepost.ports import Source, StoreBatch, Totals, WindowedSource
from milepost.progress import BackfillRecord, BackfillStatus, DayRecord, DayState, Verdict

FUTURE = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class BackfillPlan:
    """What to read and how: one stream of a source into one pipeline. Days of the trailing look-back are read again."""

    pipeline: Pipeline
    milestoning: Milestoning
    stream: str
    day_column: str
    value_column: str
    workers: int = 16
    lookback_days: int = 7
    max_delete_share: float | None = 0.3  # of a dataset of the catalogue


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What an account has beside its orders, read as one snapshot within the backfill."""

    source: Source
    datasets: tuple[Dataset, ...]
    on_progress: Callable[[IngestProgress], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class BackfillProgress:
    """How far a run is; rows and bytes are those committed in it."""

    days_done: int
    days_total: int
    days_failed: int
    rows: int
    bytes: int


def start(
    runtime: Runtime, zone: ZoneInfo, plan: BackfillPlan, first: date, last: date, *, orders: bool = True
) -> BackfillRecord:
    """Record that the days `first` to `last` are wanted. Days done before stay done, but for the trailing look-back.

    `zone` is the account's; without `orders` only the catalogue is wanted. Raises RangeInvalid, and LeaseHeld where a
    process works on the backfill.
    """
    now = runtime.clock.now()
    record = BackfillRecord(
        plan.pipeline, uuid4().hex, BackfillStatus.IN_PROGRESS, first, last, now, include_orders=orders
    )
    reread_from = min(last, now.astimezone(zone).date()) - timedelta(days=plan.lookback_days - 1)
    with held(runtime, plan.pipeline):
        done = {
            d.day: d
            for d in runtime.backfills.days(plan.pipeline, plan.stream)
            if d.state is DayState.COMPLETED and d.day < reread_from
        }
        # A window that the store has from before is no proof that a run which is killed now has read it again.
        stored = runtime.store.windows(plan.pipeline, plan.stream) if orders else {}
        fresh = (DayRecord(plan.stream, day, attempts=int(day in stored)) for day in days(first, last))
        wanted = [done.get(d.day, d) for d in fresh] if orders else []
        runtime.backfills.write_days(plan.pipeline, wanted)
        runtime.backfills.write(record)
    return record


@dataclass(slots=True)
class BackfillRun:
    """One run over what is left of a backfill, under the pipeline's lease: its days, its catalogue, the comparison."""

    runtime: Runtime
    source: WindowedSource
    plan: BackfillPlan
    stop: threading.Event = field(default_factory=threading.Event)
    on_progress: Callable[[BackfillProgress], None] = lambda _: None
    catalogue: Catalogue | None = None
    states: frozenset[DayState] = frozenset(DayState) - {
        DayState.COMPLETED
    }  # which days are read; only FAILED: a retry
    catalogue_report: BatchReport | None = None
    rows: int = 0
    bytes: int = 0

    def work(self) -> BackfillRecord:
        """Read every day in one of `states`, and the catalogue, then reconcile; what differs is read once more.

        Raises Stopped, LeaseHeld, DeletesHeld (of the catalogue), SourceError of disposition stop.
        """
        with held(self.runtime, self.plan.pipeline) as lease:
            record = self._record()
            try:
                self._settle_days()
                if record.include_orders:
                    self._read(lease, [d for d in self._days() if d.state in self.states])
                self._read_catalogue(lease)
                mismatched = self.reconcile() if record.include_orders else []
                if mismatched:
                    self._read(lease, [replace(d, state=DayState.PENDING) for d in mismatched])
                    self.reconcile()
            except BaseException as exc:
                self._end(record, exc)
                raise
            return self._end(record, None)

    def _read_catalogue(self, lease: HeldLease) -> None:
        if self.catalogue is None:
            return
        catalogue, plan = self.catalogue, self.plan
        order = Ingest(
            plan.pipeline, plan.milestoning, plan.max_delete_share, catalogue.on_progress, self._asked_to_stop
        )

        def fill(batch: StoreBatch) -> Staged:
            return read_snapshot(batch, catalogue.source, catalogue.datasets, order)

        self.catalogue_report = run_batch(
            self.runtime, lease, plan.pipeline, plan.milestoning, fill, max_delete_share=plan.max_delete_share
        )

    def reconcile(self) -> list[DayRecord]:
        """Compare completed days to the source's own totals and record the verdicts; returns the days that differ.

        Today is left out: its totals are still moving.
        """
        today = self.runtime.clock.now().astimezone(self.source.zone).date()
        done = [d for d in self._days() if d.state is DayState.COMPLETED and d.day < today]
        if not done:
            return []
        theirs = self.source.totals(self.plan.stream, done[0].day, done[-1].day)
        ours = self._stored()
        judged = [_judge(d, ours.get(d.day, Totals(0, Decimal(0))), theirs[d.day]) for d in done]
        self.runtime.backfills.write_days(self.plan.pipeline, judged)
        return [d for d in judged if d.verdict is Verdict.MISMATCHED]

    def _record(self) -> BackfillRecord:
        record = self.runtime.backfills.read(self.plan.pipeline)
        if record is None:
            raise UnknownName(
                f"no backfill of {self.plan.pipeline} was ever started", hint="milepost backfill start CLIENT --years 1"
            )
        if record.status is not BackfillStatus.IN_PROGRESS:
            record = replace(record, status=BackfillStatus.IN_PROGRESS, finished_at=None, error="")
        self.runtime.backfills.write(record)
        return record

    def _days(self) -> list[DayRecord]:
        """The days of the backfill's range; those of earlier, longer ones are not its business."""
        record = self.runtime.backfills.read(self.plan.pipeline)
        known = self.runtime.backfills.days(self.plan.pipeline, self.plan.stream)
        return [d for d in known if record is not None and record.start <= d.day <= record.end]

    def _asked_to_stop(self) -> bool:
        if self.runtime.backfills.cancel_requested(self.plan.pipeline):
            self.stop.set()
        return self.stop.is_set()

    def _stored(self) -> Mapping[date, Totals]:
        primary = self.source.filled_by(self.plan.stream)[0]
        store = self.runtime.store
        return store.totals(self.plan.pipeline, primary.name, self.plan.day_column, self.plan.value_column)

    def _settle_days(self) -> None:
        """After a crash: a day in progress that the store has is completed, any other is pending again."""
        known = self._days()
        started = [d for d in known if d.state is DayState.IN_PROGRESS]
        if not started:
            return
        committed = self.runtime.store.windows(self.plan.pipeline, self.plan.stream)
        stored = self._stored() if committed else {}
        self.runtime.backfills.write_days(
            self.plan.pipeline,
            [
                _completed(d, stored, committed[d.day])
                if d.attempts == 1 and d.day in committed
                else replace(d, state=DayState.PENDING)
                for d in started
            ],
        )

    def _read(self, lease: HeldLease, wanted: list[DayRecord]) -> None:
        if not wanted:
            return
        records = {d.day: d for d in wanted}
        windows = {day: self._window(day) for day in records}
        slices = touching(self.source.slices(self.plan.stream, list(windows.values())), windows)
        reader = WindowReader(self.source, self.plan.stream, slices[::-1], self.plan.workers)  # newest first
        started = [replace(d, state=DayState.IN_PROGRESS, attempts=d.attempts + 1, error="") for d in records.values()]
        self.runtime.backfills.write_days(self.plan.pipeline, started)
        records = {d.day: d for d in started}
        datasets = {d.name: d for d in self.source.filled_by(self.plan.stream)}
        batches = WindowBatches(reader, datasets, self.runtime.clock.monotonic, lambda: self._watch(lease, reader))
        with reader.running():
            while batches.more:
                self._commit(lease, batches, records)
        self._fail_days(batches, records)
        self._raise_stop(reader)

    def _window(self, day: date) -> Window:
        """The day's window; today's reaches a year ahead, so that events dated in the future are kept too."""
        window, now = day_window(day, self.source.zone), self.runtime.clock.now()
        return Window(window.start, window.end + FUTURE) if window.start <= now < window.end else window

    def _watch(self, lease: HeldLease, reader: WindowReader) -> None:
        lease.check()
        if self._asked_to_stop():
            reader.stop.set()

    def _commit(self, lease: HeldLease, batches: WindowBatches, records: dict[date, DayRecord]) -> None:
        def fill(batch: StoreBatch) -> Staged:
            windows = batches.fill(batch)
            return Staged(tuple(batches.datasets.values()), self.runtime.clock.now(), {}, windows)

        report = run_batch(self.runtime, lease, self.plan.pipeline, self.plan.milestoning, fill)
        stored = self._stored()
        done = [_completed(records[day], stored, size) for day, size in batches.finished.items()]
        self.runtime.backfills.write_days(self.plan.pipeline, done)
        primary = report.datasets[next(iter(batches.datasets))]
        self.rows, self.bytes = self.rows + primary.read, self.bytes + primary.bytes
        self._report()

    def _report(self) -> None:
        known = self._days()
        states = [d.state for d in known]
        self.on_progress(
            BackfillProgress(
                states.count(DayState.COMPLETED), len(known), states.count(DayState.FAILED), self.rows, self.bytes
            )
        )

    def _fail_days(self, batches: WindowBatches, records: dict[date, DayRecord]) -> None:
        failed = [replace(records[day], state=DayState.FAILED, error=error) for day, error in batches.failed.items()]
        left = [replace(records[day], state=DayState.PENDING) for day in batches.open_days]
        self.runtime.backfills.write_days(self.plan.pipeline, [*failed, *left])

    def _raise_stop(self, reader: WindowReader) -> None:
        if reader.failure is not None:
            raise reader.failure
        if self.stop.is_set():
            raise Stopped(
                f"backfill of {self.plan.pipeline} was stopped; every committed day is kept",
                hint=f"go on with: milepost backfill resume {self.plan.pipeline.datastore}",
            )

    def _end(self, record: BackfillRecord, exc: BaseException | None) -> BackfillRecord:
        known = self._days()
        failed = sum(d.state is DayState.FAILED for d in known)
        left = sum(d.state is not DayState.COMPLETED for d in known) - failed
        status, error = BackfillStatus.COMPLETED, ""
        if isinstance(exc, Stopped):
            status = BackfillStatus.CANCELLED
        elif exc is not None:
            status, error = BackfillStatus.FAILED, exc.what if isinstance(exc, MilepostError) else type(exc).__name__
        elif failed:
            status, error = BackfillStatus.FAILED, f"{failed} days failed"
        elif left and record.include_orders:
            status, error = BackfillStatus.CANCELLED, f"{left} days are not read yet"
        ended = replace(record, status=status, error=error, finished_at=self.runtime.clock.now())
        self.runtime.backfills.write(ended)
        return ended


def clear(runtime: Runtime, pipeline: Pipeline, *, rows: bool) -> None:
    """Forget a backfill and its days; with `rows` everything stored of the pipeline too. Raises LeaseHeld, StoreError."""
    with held(runtime, pipeline):
        runtime.backfills.forget(pipeline)
        if rows:
            runtime.store.clear(pipeline)
            runtime.batches.forget(pipeline)


def _completed(record: DayRecord, stored: Mapping[date, Totals], size: int) -> DayRecord:
    totals = stored.get(record.day, Totals(0))
    return replace(
        record,
        state=DayState.COMPLETED,
        rows=totals.rows,
        value=totals.value or Decimal(0),
        bytes=size,
        error="",
        verdict=Verdict.NONE,
    )


def _judge(record: DayRecord, ours: Totals, theirs: Totals) -> DayRecord:
    same = ours.rows == theirs.rows and (theirs.value is None or (ours.value or Decimal(0)) == theirs.value)
    return replace(
        record,
        rows=ours.rows,
        value=ours.value or Decimal(0),
        verdict=Verdict.VERIFIED if same else Verdict.MISMATCHED,
        source_rows=theirs.rows,
        source_value=theirs.value,
    )
