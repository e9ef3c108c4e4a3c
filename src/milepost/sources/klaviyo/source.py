"""One Klaviyo account as a source: of its orders window by window, and of its catalogue as snapshots. Wires the rooms beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from threading import Event, RLock
from types import MappingProxyType
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from milepost.clock import Clock, SystemClock
from milepost.cursor import Window
from milepost.dataset import Dataset
from milepost.engine.retry import Patience, retry
from milepost.errors import SourceRejected, SourceUnauthorized, UnknownName
from milepost.ports import Chunk, DailyCounter, Snapshot, Totals
from milepost.sources.klaviyo import order_datasets, tiers
from milepost.sources.klaviyo.account import Identity, Metric, document, read_identity, read_metrics, revenue_metric
from milepost.sources.klaviyo.aggregates import YEAR, daily_totals, hourly_counts
from milepost.sources.klaviyo.catalogue import Reading, catalogue
from milepost.sources.klaviyo.client import Client, Request, Secret
from milepost.sources.klaviyo.events import PAGE, SETTLED, events_request, follow, whole_second
from milepost.sources.klaviyo.limits import Limiter
from milepost.sources.klaviyo.macros import MACROS
from milepost.sources.klaviyo.orders import Shop, read_orders, read_page, within
from milepost.sources.klaviyo.planned import PlannedRequest, planned
from milepost.sources.klaviyo.report_reading import Period
from milepost.sources.klaviyo.reports import MESSAGE_DAYS, REPORTS
from milepost.sources.klaviyo.slicing import cut, joined, spans
from milepost.sources.klaviyo.streams import STREAMS
from milepost.sources.klaviyo.tiers import Limit
from milepost.sources.klaviyo.worker import Workers

T = TypeVar("T")
BASE_URL = "https://a.klaviyo.com"
REVISION = "2026-07-15"
# A slice of several pages wastes fewer half-filled ones; but there must be enough slices to keep every thread busy.
_MOST_PAGES = 4
_SLICES_OF_A_THREAD = 4
_CATALOGUE: Mapping[str, Dataset] = MappingProxyType(
    {d.name: d for d in (*(s.dataset for s in STREAMS.values()), *(r.dataset for r in REPORTS.values()), MESSAGE_DAYS)}
)
_SCOPE_PROBES = (
    tiers.METRICS,
    tiers.MAPPED_METRICS,
    tiers.CAMPAIGNS,
    tiers.FLOWS,
    tiers.LISTS,
    tiers.SEGMENTS,
    tiers.TAGS,
    tiers.PROFILES,
    tiers.EVENTS,
)


@dataclass(frozen=True, slots=True)
class Options:
    """How an account is read. `limits` replaces tiers by name; `order_metric` names a metric where none can be chosen.

    `reserve` is the share of the daily reports allowance left to others; `threads` bounds connections that are kept.
    """

    base_url: str = BASE_URL
    revision: str = REVISION
    limits: Mapping[str, Limit] = field(default_factory=dict)
    reserve: float = 0.25
    patience: Patience = field(default_factory=Patience)
    timeout: float = 60.0
    threads: int = 32
    order_metric: str | None = None


class KlaviyoSource:
    """Implements `ports.Source` (the catalogue) and `ports.WindowedSource` (the stream "orders"). Thread-safe."""

    def __init__(
        self,
        account: str,
        key: Secret,
        counter: DailyCounter,
        options: Options = Options(),
        *,
        clock: Clock | None = None,
        stop: Event | None = None,
    ) -> None:
        self.account, self._options, self._stop = account, options, stop
        self._clock = clock or SystemClock()
        limiter = Limiter(account, self._clock, counter, options.limits, reserve=options.reserve, stop=stop)
        self._client = Client(
            account, key, options.base_url, options.revision, limiter, self._clock, options.threads, options.timeout
        )
        self._workers = Workers(MACROS)
        self._page: int | None = PAGE
        self._facts: dict[str, Any] = {}
        self._lock = RLock()

    def __repr__(self) -> str:
        return f"KlaviyoSource({self.account!r}, {self._options.base_url!r})"

    def _try(self, call: Callable[[], T]) -> T:
        return retry(call, self._clock, self._options.patience, stop=self._stop)

    def _bytes(self, request: Request) -> bytes:
        return self._try(lambda: self._client.send(request))

    def _document(self, request: Request) -> Mapping[str, Any]:
        return self._try(lambda: document(self._client.send(request), request.endpoint))

    def _fact(self, name: str, read: Callable[[], T]) -> T:
        """What the account says of itself, asked once however many threads want it."""
        with self._lock:
            if name not in self._facts:
                self._facts[name] = read()
            found: T = self._facts[name]
            return found

    @property
    def _identity(self) -> Identity:
        return self._fact("identity", lambda: read_identity(self._document))

    def metrics(self) -> tuple[Metric, ...]:
        """All metrics of the account. Raises SourceError."""
        return self._fact("metrics", lambda: read_metrics(self._document))

    def revenue_id(self) -> str:
        """The metric whose events are the orders. Raises SourceError."""
        chosen = self._options.order_metric
        return chosen or self._fact("revenue", lambda: revenue_metric(self._document, self.metrics()).id)

    def period(self) -> Period:
        """The account's days, until now."""
        return Period(self.zone, self._clock.now())

    @property
    def zone(self) -> ZoneInfo:
        """The account's time zone. Raises SourceError."""
        return self._identity.zone

    def identity(self) -> Identity:
        """Who the key belongs to, and which scopes it lacks: one small request for each scope. Raises SourceError."""
        missing = []
        for endpoint in _SCOPE_PROBES:
            params = [("filter", "equals(messages.channel,'email')")] if endpoint is tiers.CAMPAIGNS else []
            try:
                self._bytes(Request(endpoint, endpoint.path, params))
            except SourceUnauthorized as error:
                if error.fields.get("status") != 403:
                    raise
                missing.append(endpoint.scope)
        return replace(self._identity, missing_scopes=tuple(dict.fromkeys(missing)))

    def datasets(self) -> tuple[Dataset, ...]:
        """Every dataset of the catalogue; those of the orders are in `filled_by`."""
        return tuple(_CATALOGUE.values())

    def snapshot(self, datasets: Sequence[Dataset]) -> AbstractContextManager[Snapshot]:
        """Begin a reading of the catalogue. Klaviyo has no common instant: `taken_at` is when the reading began."""
        for dataset in datasets:
            if dataset.name not in _CATALOGUE:
                raise UnknownName(f"Klaviyo has no dataset {dataset.name!r}", hint=f"one of: {', '.join(_CATALOGUE)}")
        reading = Reading(self._client.send, self._try, self._workers, self._clock, self)
        return catalogue(reading)

    def close(self) -> None:
        """Give back connections."""
        self._client.close()

    def filled_by(self, stream: str) -> tuple[Dataset, ...]:
        """What the stream fills; `orders` first, whose `date` and `value` Klaviyo's own totals are compared to."""
        _known(stream)
        return (order_datasets.ORDERS, order_datasets.ORDER_ITEMS, order_datasets.EVENTS)

    def slices(self, stream: str, windows: Sequence[Window]) -> tuple[Window, ...]:
        """Cut and join windows by Klaviyo's own counts per hour, so that a slice takes one full page, or a few."""
        _known(stream)
        now = self._clock.now()
        past = [Window(w.start, min(w.end, now)) for w in windows if w.start < now]
        counts: dict[Any, int] = {}
        for start, end in spans(past, YEAR):
            if whole_second(start) < whole_second(end):
                counts |= hourly_counts(self._bytes, self.revenue_id(), start, whole_second(end))
        page = self._page or 200
        pages = sum(counts.values()) / page / (self._options.threads * _SLICES_OF_A_THREAD)
        target = page * round(min(max(pages, 1), _MOST_PAGES))
        return tuple(piece for run in joined(windows) for piece in cut(run, counts, target))

    def fetch(self, stream: str, window: Window) -> Iterator[Chunk]:
        """Every order event of `[start, end)`, page by page, with its orders and items.

        A window that ends in the future, or in the last minute, is asked for without an upper bound (Klaviyo refuses
        future ones) and cut here: events dated up to a year ahead come with the last window, if it reaches that far.
        """
        _known(stream)
        self._shop()
        now = self._settled()
        first = events_request(self.revenue_id(), window, now, page=self._page)
        if first is not None:
            yield from follow(first, partial(self._read, window, window.end > now))

    def _read(self, window: Window, open_end: bool, request: Request) -> tuple[Chunk, str | None]:
        try:
            chunk, following = self._try(lambda: self._once(request))
        except SourceRejected as error:
            if self._page is None or request.url is not None or "page" not in error.what.lower():
                raise
            # A revision before 2026-01-15 has one fixed size and refuses the parameter.
            self._page = None
            sizeless = [p for p in request.params if p[0] != "page[size]"]
            return self._read(window, open_end, replace(request, params=sizeless))
        return (within(chunk, window) if open_end else chunk), following

    def _once(self, request: Request) -> tuple[Chunk, str | None]:
        body = self._client.send(request)
        with self._workers.lent() as worker:
            page = read_page(worker, body)
            return read_orders(worker, page, self._shop()), page.next

    def _settled(self) -> datetime:
        """The latest bound that is surely not in Klaviyo's future, even where our clock is a little ahead."""
        return whole_second(self._clock.now() - SETTLED)

    def _shop(self) -> Shop:
        return Shop(self.zone, self._identity.currency)

    def totals(self, stream: str, start: date, end: date) -> Mapping[date, Totals]:
        """Klaviyo's count and sum of the orders of each day, by its metric aggregates in the account's time zone."""
        _known(stream)
        return daily_totals(self._bytes, self.revenue_id(), start, end, zone=self.zone, now=self._settled())

    def plan_requests(self, stream: str, windows: Sequence[Window] = ()) -> list[PlannedRequest]:
        """The requests that a reading would begin with; none is sent. See `planned`."""
        return planned(stream, windows, self._options.base_url, self._options.revision, self._settled())


def _known(stream: str) -> None:
    if stream != order_datasets.STREAM:
        raise UnknownName(f"Klaviyo has no stream {stream!r}", hint=f"the only one is {order_datasets.STREAM!r}")
