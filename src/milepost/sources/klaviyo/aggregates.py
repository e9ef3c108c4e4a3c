"""Klaviyo's own counting of a metric's events: rows and value for each hour or day; nothing is stored from here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from milepost.errors import SourceChanged, SourceUnavailable
from milepost.ports import Totals
from milepost.sources.klaviyo import tiers
from milepost.sources.klaviyo.client import Request

YEAR = timedelta(days=365)  # no call may span more than a year
_CENT = Decimal("0.0001")
Ask = Callable[[Request], bytes]


def question(
    metric_id: str,
    start: datetime,
    end: datetime,
    zone: ZoneInfo,
    interval: str,
    *,
    measures: tuple[str, ...],
    by: str = "",
) -> Request:
    """The request for `[start, end)`. Bounds are bare local times, which Klaviyo reads in `timezone`."""
    local = [moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S") for moment in (start, end)]
    attributes: dict[str, Any] = {
        "metric_id": metric_id,
        "measurements": list(measures),
        "interval": interval,
        "filter": [f"greater-or-equal(datetime,{local[0]})", f"less-than(datetime,{local[1]})"],
        "timezone": zone.key,
        "page_size": 500,
    }
    if by:
        attributes["by"] = [by]
    body = {"data": {"type": "metric-aggregate", "attributes": attributes}}
    return Request(tiers.AGGREGATES, tiers.AGGREGATES.path, body=body)


def _grid(body: bytes) -> tuple[list[datetime], Mapping[str, list[Decimal]]]:
    """The instants and, by measure, their values; numbers are exact."""
    try:
        attributes = json.loads(body, parse_float=Decimal, parse_int=Decimal)["data"]["attributes"]
        dates = [datetime.fromisoformat(text).astimezone(UTC) for text in attributes["dates"]]
        measures = attributes["data"][0]["measurements"] if attributes["data"] else {}
        if any(len(values) != len(dates) for values in measures.values()):
            raise SourceChanged("POST /api/metric-aggregates: a measure has not as many values as there are dates")
    except json.JSONDecodeError as error:
        raise SourceUnavailable("POST /api/metric-aggregates: the answer is no JSON") from error
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise SourceChanged(
            f"POST /api/metric-aggregates: an answer of an unknown shape ({type(error).__name__})"
        ) from error
    return dates, measures


def hourly_counts(ask: Ask, metric_id: str, start: datetime, end: datetime) -> dict[datetime, int]:
    """Events by the UTC hour in which they lie, for at most a year."""
    first = start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    dates, measures = _grid(ask(question(metric_id, first, end, ZoneInfo("UTC"), "hour", measures=("count",))))
    return {at: int(n) for at, n in zip(dates, measures.get("count", []), strict=False) if n}


def _years(start: date, end: date) -> Iterator[tuple[date, date]]:
    while start <= end:
        last = min(start + YEAR - timedelta(days=1), end)
        yield start, last
        start = last + timedelta(days=1)


def daily_totals(
    ask: Ask, metric_id: str, start: date, end: date, *, zone: ZoneInfo, now: datetime
) -> dict[date, Totals]:
    """Events and their value for each day of `zone`, both ends included; a day without events, or to come, is there with 0."""
    nothing = Totals(0, Decimal(0).quantize(_CENT))
    found = {start + timedelta(days=n): nothing for n in range((end - start).days + 1)}
    for first, last in _years(start, end):
        low = datetime.combine(first, time.min, zone)
        high = min(
            datetime.combine(last + timedelta(days=1), time.min, zone), now.astimezone(zone).replace(microsecond=0)
        )
        if high <= low:
            continue
        dates, measures = _grid(ask(question(metric_id, low, high, zone, "day", measures=("count", "sum_value"))))
        for at, rows, value in zip(dates, measures.get("count", []), measures.get("sum_value", []), strict=False):
            day = at.astimezone(zone).date()
            if day in found:
                found[day] = Totals(int(rows), Decimal(value).quantize(_CENT))
    return found
