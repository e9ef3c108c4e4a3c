"""Reads the datasets of the catalogue, page by page; which there are is in `streams` and `reports`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from milepost.clock import Clock
from milepost.dataset import Dataset
from milepost.errors import SourceChanged, SourceRejected
from milepost.ports import Chunk, Refusal
from milepost.sources.klaviyo.account import Metric
from milepost.sources.klaviyo.client import Request
from milepost.sources.klaviyo.events import SETTLED, follow
from milepost.sources.klaviyo.report_reading import Period, read_message_days, read_report
from milepost.sources.klaviyo.reports import MESSAGE_DAYS, REPORTS
from milepost.sources.klaviyo.resources_sql import ENVELOPE, resource_statement
from milepost.sources.klaviyo.streams import STREAMS, Stream
from milepost.sources.klaviyo.worker import Workers, page_table

if TYPE_CHECKING:
    import pyarrow as pa

_ASKED = ("owner", "zone", "metric_id", "metric", "dimension")  # what a statement may know besides the page
_OVERLAP = timedelta(seconds=1)  # greater-than sometimes gives the boundary record and sometimes not


class Facts(Protocol):
    """What reports need to know of the account."""

    def period(self) -> Period:
        """Whose days, and until when."""
        ...

    def metrics(self) -> tuple[Metric, ...]:
        """All metrics."""
        ...

    def revenue_id(self) -> str:
        """The metric of the orders."""
        ...


@dataclass(slots=True)
class Reading:
    """One reading of the catalogue: `taken_at` is when it began, and the ids of parents are kept for their children."""

    send: Callable[[Request], bytes]
    attempt: Callable[[Callable[[], Any]], Any]
    workers: Workers
    clock: Clock
    facts: Facts
    taken_at: datetime = field(init=False)
    _ids: dict[str, list[str]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.taken_at = self.clock.now()

    def read(self, dataset: Dataset, since: str | None = None) -> Iterator[Chunk]:
        """All rows, or those changed since. Raises SourceError."""
        name = dataset.name
        if name == MESSAGE_DAYS.name:
            return read_message_days(
                self.facts.metrics(), self.facts.revenue_id(), since, self.facts.period(), self._rows
            )
        if name in REPORTS:
            return read_report(REPORTS[name], self.facts.revenue_id(), self.facts.period(), self._rows)
        return self._resources(STREAMS[name], since)

    def _resources(self, stream: Stream, since: str | None) -> Iterator[Chunk]:
        ids: list[str] = []
        for owner in self._parents(stream):
            for request in stream.requests(owner) if owner is not None else stream.requests():
                for chunk in self._pages(stream, _changed_since(stream, request, since, self.taken_at), owner):
                    ids.extend(_ids_of(chunk.rows[stream.dataset.name]))
                    yield chunk
        self._ids[stream.dataset.name] = ids

    def _parents(self, stream: Stream) -> list[str] | list[None]:
        if stream.parent is None:
            return [None]
        if stream.parent not in self._ids:
            for _ in self._resources(STREAMS[stream.parent], None):
                pass
        return list(dict.fromkeys(self._ids[stream.parent]))

    def _pages(self, stream: Stream, first: Request, owner: str | None) -> Iterator[Chunk]:
        statement = resource_statement(stream.dataset.name)

        def read(request: Request) -> tuple[Chunk, str | None]:
            return self._rows(request, statement, stream.dataset, {} if owner is None else {"owner": owner})

        try:
            yield from follow(first, read)
        except SourceRejected as error:
            # Deleted between the list of parents and this request: it has no children any more.
            if owner is None or error.fields.get("status") != 404:
                raise

    def _rows(
        self, request: Request, statement: str, dataset: Dataset, asked: Mapping[str, str]
    ) -> tuple[Chunk, str | None]:
        found: tuple[Chunk, str | None] = self.attempt(lambda: self._once(request, statement, dataset, asked))
        return found

    def _once(
        self, request: Request, statement: str, dataset: Dataset, asked: Mapping[str, str]
    ) -> tuple[Chunk, str | None]:
        import pyarrow as pa

        body = self.send(request)
        known = pa.table({name: pa.array([asked.get(name)], pa.string()) for name in _ASKED})
        page = page_table(body)
        with self.workers.lent() as worker:
            (envelope,) = worker.run(ENVELOPE, {"page": page}).to_pylist()
            rows = worker.run(statement, {"page": page, "asked": known})
        if envelope["data"] not in ("ARRAY", "OBJECT") or envelope["links"] != "OBJECT":
            raise SourceChanged(
                f"{request.endpoint} answered {len(body)} bytes without `data` and `links`",
                hint="the API may have changed: see the revision",
            )
        return _chunk(rows, dataset, len(body)), envelope["next"]


def _chunk(rows: pa.Table, dataset: Dataset, size: int) -> Chunk:
    import pyarrow.compute as pc

    bad = rows.filter(pc.is_valid(rows["reason"]))
    good = rows.filter(pc.is_null(rows["reason"])).select([c.name for c in dataset.columns])
    refused = tuple(
        Refusal(dataset.name, tuple(str(r[k]) for k in dataset.key), r["reason"], r["e"]) for r in bad.to_pylist()
    )
    return Chunk({dataset.name: good}, refused, size)


def _ids_of(rows: Any) -> list[str]:
    ids: list[str] = rows["id"].to_pylist()
    return ids


def _changed_since(stream: Stream, request: Request, since: str | None, now: datetime) -> Request:
    """The same request for what changed since; Klaviyo refuses instants in the future."""
    if since is None or stream.dataset.cursor is None:
        return request
    mark = datetime.fromisoformat(since)
    mark = mark.astimezone(UTC) if mark.tzinfo else mark.replace(tzinfo=UTC)
    mark = min(mark - _OVERLAP, now - SETTLED)
    bound = f"greater-than({stream.dataset.cursor},{mark:%Y-%m-%dT%H:%M:%SZ})"
    return replace(request, params=(*request.params, ("filter", bound)))


@contextmanager
def catalogue(reading: Reading) -> Iterator[Reading]:
    """The reading, for as long as it lasts."""
    yield reading
