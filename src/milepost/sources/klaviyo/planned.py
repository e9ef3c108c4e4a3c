"""A dry run: the requests that a reading would begin with, the key left out; nothing is sent, so no id is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from milepost.cursor import Window
from milepost.errors import UnknownName
from milepost.sources.klaviyo.aggregates import YEAR, question
from milepost.sources.klaviyo.client import Request
from milepost.sources.klaviyo.events import events_request
from milepost.sources.klaviyo.order_datasets import STREAM
from milepost.sources.klaviyo.report_reading import Period, report_request
from milepost.sources.klaviyo.reports import MESSAGE_DAYS, REPORTS
from milepost.sources.klaviyo.streams import STREAMS

REVENUE = "{revenue metric}"


@dataclass(frozen=True, slots=True)
class PlannedRequest:
    """One request as it would be sent. What is only known after another answer stands in braces."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Mapping[str, Any] | None = field(default=None)
    note: str = ""


def planned(
    stream: str, windows: Sequence[Window], base_url: str, revision: str, now: datetime
) -> list[PlannedRequest]:
    """The first page of each window, or of each part of a dataset. Raises UnknownName."""
    if stream == STREAM:
        firsts = [events_request(REVENUE, window, now) for window in windows]
        return [_shown(r, base_url, revision, "then links.next until it is null") for r in firsts if r is not None]
    if stream in REPORTS:
        request = report_request(REPORTS[stream], REVENUE, Period(ZoneInfo("UTC"), now))
        return [_shown(request, base_url, revision, "days are the account's; here UTC")]
    if stream == MESSAGE_DAYS.name:
        request = question(
            "{metric}",
            now - YEAR,
            now,
            ZoneInfo("UTC"),
            "day",
            measures=("count", "unique", "sum_value"),
            by="$message",
        )
        return [_shown(request, base_url, revision, "once for each message metric, twice for revenue")]
    if stream not in STREAMS:
        known_names = ", ".join((STREAM, *STREAMS, *REPORTS, MESSAGE_DAYS.name))
        raise UnknownName(f"Klaviyo has no stream {stream!r}", hint=f"one of: {known_names}")
    known = STREAMS[stream]
    note = f"once for each row of {known.parent}" if known.parent else "then links.next until it is null"
    return [_shown(request, base_url, revision, note) for request in known.requests()]


def _shown(request: Request, base_url: str, revision: str, note: str) -> PlannedRequest:
    headers = {"Authorization": "Klaviyo-API-Key [redacted]", "revision": revision}
    return PlannedRequest(request.endpoint.method, request.target(base_url.rstrip("/")), headers, request.body, note)
