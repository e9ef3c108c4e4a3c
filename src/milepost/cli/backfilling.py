"""What the verbs of `milepost backfill` share: whose backfill it is, running it, its status. Reading is the engine's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from milepost.batch import Pipeline
from milepost.cli import numbers
from milepost.cursor import Window
from milepost.errors import SourceMismatch, UnknownName
from milepost.milestoning import Milestoning
from milepost.ports import Source, WindowedSource

if TYPE_CHECKING:
    from milepost.batch import BatchReport
    from milepost.cli.call import Call
    from milepost.cli.days import Days
    from milepost.cli.progress import Updates
    from milepost.engine.backfill import BackfillProgress, BackfillRun, Catalogue
    from milepost.engine.ingest import IngestProgress
    from milepost.model.ecosystem import Datastore
    from milepost.progress import BackfillRecord, DayRecord
    from milepost.wiring import Wiring

_COUNTS = """
SELECT dataset, sum(inserted) - sum(deleted) FROM _milepost.batch WHERE platform = $1 AND datastore = $2 GROUP BY dataset
"""


class PlannedRequest(Protocol):
    """A request as it would be sent."""

    @property
    def method(self) -> str:
        """The HTTP method."""
        ...

    @property
    def url(self) -> str:
        """The whole address."""
        ...

    @property
    def note(self) -> str:
        """How the reading goes on from its answer."""
        ...


class Account(Source, WindowedSource, Protocol):
    """A client's account: its catalogue, its orders by window, and what reading them would ask for."""

    def plan_requests(self, stream: str, windows: Sequence[Window] = ()) -> Sequence[PlannedRequest]:
        """The requests that a reading would begin with. Raises UnknownName."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """A client's datastore, and the platform its past is read into."""

    client: str
    datastore: Datastore
    pipeline: Pipeline


@dataclass(frozen=True, slots=True)
class Done:
    """A finished run: the backfill as recorded, and what became of its catalogue."""

    record: BackfillRecord
    catalogue: BatchReport | None


def target(wiring: Wiring, client: str, platform: str | None) -> Target:
    """The client by slug, or by the name of its datastore; the first live platform unless one is named.

    Raises UnknownName.
    """
    datastore = _datastore(wiring, client)
    kept_on = wiring.ecosystem.platform_for(Milestoning.LIVE, platform)
    return Target(client, datastore, Pipeline(kept_on.name, datastore.name))


def _datastore(wiring: Wiring, client: str) -> Datastore:
    try:
        return wiring.ecosystem.of_client(client)
    except UnknownName:
        named = [d for d in wiring.ecosystem.datastores if d.name == client]
        if not named:
            raise
        return named[0]


@contextmanager
def reading(wiring: Wiring, aim: Target, stop: threading.Event | None = None) -> Iterator[Account]:
    """The client's account, given back at the end; `stop` ends its waits. Raises UnknownName where it has no key."""
    source = wiring.klaviyo(aim.datastore, stop)
    try:
        yield source
    finally:
        source.close()


def begin(wiring: Wiring, source: Account, aim: Target, days: Days, *, orders: bool = True) -> None:
    """Record that the days are wanted. Raises LeaseHeld."""
    from milepost.engine.backfill import start

    start(wiring.runtime, source.zone, wiring.backfill_plan(aim.pipeline), days.start, days.end, orders=orders)


def work(
    wiring: Wiring, source: Account, aim: Target, bar: Updates, stop: threading.Event, *, failed_only: bool = False
) -> Done:
    """Read what is left of a recorded backfill, or its failed days, then compare. Raises Stopped, LeaseHeld, SourceError."""
    from milepost.cli.watching import Watch
    from milepost.progress import DayState

    watch = Watch(source, bar)
    watch.expect(wiring.runtime.backfills.days(aim.pipeline, _stream()))
    run = _run(wiring, cast("Account", watch), aim, stop, watch.committed)
    if failed_only:
        run.states = frozenset({DayState.FAILED})
    else:
        run.catalogue = _catalogue(source, aim, bar)
    record = run.work()
    return Done(record, run.catalogue_report)


def _catalogue(source: Account, aim: Target, bar: Updates) -> Catalogue:
    """All but the profiles: there may be millions, at 75,000 a minute, and an order has its customer's own data."""
    from milepost.engine.backfill import Catalogue
    from milepost.wiring import PROFILES

    datasets = tuple(d for d in aim.datastore.chosen(source.datasets()) if d.name != PROFILES)
    seen: dict[str, int] = {}

    def show(progress: IngestProgress) -> None:
        seen[progress.dataset] = progress.rows
        note = f"{progress.dataset}: {numbers.plural(progress.rows, 'row')}"
        bar.update("catalogue", len(seen) - 1, len(datasets), note)

    return Catalogue(source, datasets, show)


def compare(wiring: Wiring, source: Account, aim: Target) -> list[DayRecord]:
    """Compare the completed days with the source's own totals; returns those that differ. Raises SourceError."""
    return _run(wiring, source, aim, threading.Event(), lambda _: None).reconcile()


def _run(
    wiring: Wiring,
    source: Account,
    aim: Target,
    stop: threading.Event,
    on_progress: Callable[[BackfillProgress], None],
) -> BackfillRun:
    from milepost.engine.backfill import BackfillRun

    return BackfillRun(wiring.runtime, source, wiring.backfill_plan(aim.pipeline), stop, on_progress)


def _stream() -> str:
    from milepost.wiring import ORDERS

    return ORDERS


def status(wiring: Wiring, record: BackfillRecord) -> dict[str, object]:
    """The status document of a backfill, with its platform."""
    from milepost.progress import status_document

    days = wiring.runtime.backfills.days(record.pipeline, _stream())
    client = wiring.ecosystem.datastore(record.pipeline.datastore).options
    document = status_document(record, days, counts(wiring, record.pipeline))
    return {
        **document,
        "client_id": getattr(client, "client", record.pipeline.datastore),
        "platform": record.pipeline.platform,
    }


def counts(wiring: Wiring, pipeline: Pipeline) -> dict[str, int]:
    """The rows stored now of each dataset."""
    from milepost.cli.rows import read

    if not wiring.store.path.exists():
        return {}
    with wiring.store.query(_COUNTS, (pipeline.platform, pipeline.datastore)) as answer:
        return {str(name): int(str(number)) for name, number in read(answer, None).rows}


def check(document: dict[str, object]) -> None:
    """Raise SourceMismatch where days differ from the source's own totals, or where days failed."""
    mismatched, failed = int(str(document["mismatched_days"])), int(str(document["days_failed"]))
    client = document["client_id"]
    if mismatched or failed:
        raise SourceMismatch(
            f"backfill of {client}: {numbers.plural(mismatched, 'day')} differ from the source's own totals, "
            f"{numbers.plural(failed, 'day')} failed (expected none)",
            hint=f"milepost backfill retry {client} reads failed days again; milepost backfill verify {client} compares",
            mismatched_days=mismatched,
            failed_days=failed,
        )


def show(call: Call, document: dict[str, object], seconds: float | None = None) -> None:
    """Print the outcome of a run."""
    out = call.out
    took = f" in {numbers.seconds(seconds)}" if seconds is not None else ""
    out.line(f"{document['client_id']} on {document['platform']}: {document['status']}{took}", style="bold")
    out.line(
        f"  days     {document['days_processed']} of {document['total_days']} done, {document['days_failed']} failed"
    )
    out.line(f"  proof    {document['verified_days']} verified, {document['mismatched_days']} mismatched")
    out.line(f"  orders   {int(str(document['total_orders'])):,}, revenue {_money(document['revenue'])}")
    out.line(f"  also     {document['total_campaigns']} campaigns, {document['total_flows']} flows")


def _money(value: object) -> str:
    from decimal import Decimal

    return numbers.money(Decimal(str(value)))


def recorded(wiring: Wiring, aim: Target) -> BackfillRecord:
    """The client's backfill. Raises UnknownName where none was ever started."""
    record = wiring.runtime.backfills.read(aim.pipeline)
    if record is None:
        raise UnknownName(
            f"no backfill of {aim.client} into {aim.pipeline.platform} was ever started",
            hint=f"milepost backfill start {aim.client} --years 1",
        )
    return record


def go_on(call: Call, client: str, platform: str | None, *, failed_only: bool) -> None:
    """Work on a recorded backfill, or only on its failed days, and print the outcome."""
    from milepost.cli.opened import opened
    from milepost.cli.signals import clean_stop

    with opened(call) as wiring:
        aim = target(wiring, client, platform)
        record = recorded(wiring, aim)
        began = wiring.clock.monotonic()
        if not failed_only or status(wiring, record)["days_failed"]:
            with (
                clean_stop(f"milepost backfill resume {client}", silent=call.out.silent) as stop,
                reading(wiring, aim, stop) as source,
                call.out.progress(client) as bar,
            ):
                record = work(wiring, source, aim, bar, stop, failed_only=failed_only).record
        document = status(wiring, record)
        seconds = wiring.clock.monotonic() - began
    call.out.result({**document, "seconds": round(seconds, 3)}, lambda: show(call, document, seconds))
    check(document)
