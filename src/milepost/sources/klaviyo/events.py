"""The pages of the order events of a window: what to ask, and when it is finished. Rows are read in `orders`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from milepost.cursor import Window
from milepost.errors import SourceChanged, SourceRejected
from milepost.ports import Chunk
from milepost.sources.klaviyo import tiers
from milepost.sources.klaviyo.client import Request

PAGE = 1000
SETTLED = timedelta(seconds=60)  # a bound may not be in the future, not even by another machine's clock
_RESTARTS = 3
ReadPage = Callable[[Request], tuple[Chunk, str | None]]


def whole_second(moment: datetime) -> datetime:
    """The first whole second at or after: events have whole seconds, so bounds may as well."""
    floor = moment.astimezone(UTC).replace(microsecond=0)
    return floor if floor == moment else floor + timedelta(seconds=1)


def events_request(metric_id: str, window: Window, now: datetime, *, page: int | None = PAGE) -> Request | None:
    """The first page of `[start, end)`; None where no whole second lies in it.

    Klaviyo refuses a bound past `now`, so an upper bound is left out and a lower one brought forward there: events of
    other windows come along, and the caller drops them.
    """
    start, end = whole_second(window.start), whole_second(window.end)
    if start >= end:
        return None
    bounds = [f'equals(metric_id,"{metric_id}")', f"greater-or-equal(datetime,{_text(min(start, now))})"]
    if end <= now:
        bounds.append(f"less-than(datetime,{_text(end)})")
    params = [
        ("filter", ",".join(bounds)),
        ("sort", "datetime"),
        ("include", "attributions,profile"),
        ("fields[event]", "datetime,timestamp,event_properties,uuid"),
        ("fields[profile]", "email,phone_number"),
    ]
    if page is not None:
        params.append(("page[size]", str(page)))
    return Request(tiers.EVENTS, tiers.EVENTS.path, params)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def follow(first: Request, read: ReadPage) -> Iterator[Chunk]:
    """Every page from `first` on, until Klaviyo says that there is no next one; a page without rows is not the end.

    A cursor that Klaviyo no longer takes begins the slice again: rows come twice, and the merge takes them once.
    Raises SourceChanged where the next page was already read: it would never end.
    """
    request, seen, restarts = first, set[str](), 0
    while True:
        try:
            chunk, following = read(request)
        except SourceRejected as error:
            if request.url is None or "cursor" not in error.what.lower() or restarts >= _RESTARTS:
                raise
            request, seen, restarts = first, set(), restarts + 1
            continue
        yield chunk
        if following is None:
            return
        if following in seen:
            raise SourceChanged(f"{first.endpoint}: the same page is given as the next one again")
        seen.add(following)
        request = request.following(following)
