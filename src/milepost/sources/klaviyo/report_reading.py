"""Asks for Klaviyo's reports and turns them into rows; which reports there are is in `reports`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from milepost.dataset import Dataset
from milepost.errors import SourceChanged
from milepost.ports import Chunk
from milepost.sources.klaviyo.account import Metric
from milepost.sources.klaviyo.aggregates import YEAR, question
from milepost.sources.klaviyo.client import Request
from milepost.sources.klaviyo.orders_sql import literal
from milepost.sources.klaviyo.reports import LOOK_BACK, MESSAGE_DAYS, MESSAGE_METRICS, REPORTS, Report
from milepost.sources.klaviyo.resources_sql import typed_statement

_FLOOR = date(2023, 6, 1)  # Klaviyo's reports know nothing before
Rows = Callable[[Request, str, Dataset, Mapping[str, str]], tuple[Chunk, str | None]]


@dataclass(frozen=True, slots=True)
class Period:
    """Whose days, and until when."""

    zone: ZoneInfo
    now: datetime

    @property
    def today(self) -> date:
        """The account's day."""
        return self.now.astimezone(self.zone).date()


def report_request(report: Report, metric_id: str, period: Period) -> Request:
    """The report's question. Klaviyo reads both ends in the account's time zone, whatever offset they have."""
    local = period.now.astimezone(period.zone)
    first = max(local.date() - report.reach, _FLOOR)
    attributes: dict[str, Any] = {
        "timeframe": {"start": f"{first.isoformat()}T00:00:00Z", "end": f"{local:%Y-%m-%dT%H:%M:%SZ}"},
        "conversion_metric_id": metric_id,
        "group_by": list(report.group_by),
        "statistics": list(report.statistics),
    }
    if report.daily:
        attributes["interval"] = "daily"
    body = {"data": {"type": report.kind, "attributes": attributes}}
    return Request(report.endpoint, report.endpoint.path, body=body)


@cache
def report_statement(name: str) -> str:
    """From `page(body)` and `asked(zone)`: a row for each result, or for each result and day."""
    report = REPORTS[name]
    results = "SELECT unnest(json_extract(body, '$.data.attributes.results[*]')) AS e, NULL AS owner FROM page"
    pointers = {g: f"/groupings/{g}" for g in report.group_by} | {s: f"/statistics/{s}" for s in report.statistics}
    if report.daily:
        pieces = ", ".join(f"{literal(s)}: json_extract(r, '/statistics/{s}/' || n)" for s in report.statistics)
        days = (
            "SELECT unnest(json_extract(body, '$.data.attributes.results[*]')) AS r, "
            "json_extract_string(body, '$.data.attributes.date_times[*]') AS at, zone FROM page, asked"
        )
        day = "CAST(timezone(zone, CAST(at[n + 1] AS TIMESTAMPTZ)) AS DATE)"
        grid = f"SELECT r, at, zone, unnest(range(len(at))) AS n FROM ({days})"
        results = (
            f"SELECT to_json({{'groupings': json_extract(r, '/groupings'), 'date': CAST({day} AS VARCHAR), "
            f"'statistics': {{{pieces}}}}}) AS e, NULL AS owner FROM ({grid})"
        )
        pointers["date"] = "/date"
    return typed_statement(report.dataset.columns, report.dataset.key, pointers, results)


def read_report(report: Report, metric_id: str, period: Period, rows: Rows) -> Iterator[Chunk]:
    """Every page of a report; the next one is the same question to another address."""
    request, statement = report_request(report, metric_id, period), report_statement(report.dataset.name)
    seen: set[str] = set()
    while True:
        chunk, following = rows(request, statement, report.dataset, {"zone": period.zone.key})
        yield chunk
        if following is None:
            return
        if following in seen:
            raise SourceChanged(f"{report.endpoint}: the same page is given as the next one again")
        seen.add(following)
        request = request.following(following)


@cache
def _day_statement() -> str:
    """From `page(body)` and `asked`: a row for each message and day on which anything happened."""
    cells = (
        "SELECT unnest(json_extract(body, '$.data.attributes.data[*]')) AS r, "
        "json_extract_string(body, '$.data.attributes.dates[*]') AS at, asked.* FROM page, asked"
    )
    grid = f"SELECT *, unnest(range(len(at))) AS n FROM ({cells})"
    day = "CAST(timezone(zone, CAST(at[n + 1] AS TIMESTAMPTZ)) AS DATE)"
    measures = {"count": "count", "uniques": "unique", "value": "sum_value"}
    pieces = ", ".join(f"{literal(c)}: json_extract(r, '/measurements/{m}/' || n)" for c, m in measures.items())
    resource = (
        f"SELECT to_json({{'date': CAST({day} AS VARCHAR), 'metric_id': metric_id, 'metric': metric, 'dimension': "
        f"dimension, 'target_id': r ->> '/dimensions/0', {pieces}}}) AS e, NULL AS owner FROM ({grid})"
    )
    busy = f"SELECT e, owner FROM ({resource}) WHERE CAST(e ->> '/count' AS DOUBLE) > 0 AND e ->> '/target_id' <> ''"
    pointers = {c.name: f"/{c.name}" for c in MESSAGE_DAYS.columns}
    return typed_statement(MESSAGE_DAYS.columns, MESSAGE_DAYS.key, pointers, busy)


def read_message_days(
    metrics: tuple[Metric, ...], revenue_id: str, since: str | None, period: Period, rows: Rows
) -> Iterator[Chunk]:
    """What each message did on each day, and what was bought because of it: the last year, or from `since` on."""
    first = max(date.fromisoformat(since[:10]) - LOOK_BACK if since else period.today - YEAR, _FLOOR)
    first = max(min(first, period.today), period.today - YEAR + timedelta(days=1))
    low = datetime.combine(first, time.min, period.zone)
    wanted = [(m, "$message") for m in metrics if m.name in MESSAGE_METRICS]
    wanted += [(m, d) for m in metrics if m.id == revenue_id for d in ("$attributed_message", "$attributed_flow")]
    for metric, dimension in wanted:
        request: Request | None = question(
            metric.id, low, period.now, period.zone, "day", measures=("count", "unique", "sum_value"), by=dimension
        )
        asked = {"zone": period.zone.key, "metric_id": metric.id, "metric": metric.name, "dimension": dimension}
        while request is not None:
            chunk, following = rows(request, _day_statement(), MESSAGE_DAYS, asked)
            yield chunk
            request = _next_aggregate(request, following)


def _next_aggregate(request: Request, following: str | None) -> Request | None:
    """The cursor of aggregates goes into the body (contracts/klaviyo.md 1.6), not into the address."""
    if following is None or request.body is None:
        return None
    (cursor,) = parse_qs(urlsplit(following).query).get("page_cursor") or ("",)
    attributes = request.body["data"]["attributes"]
    if not cursor or attributes.get("page_cursor") == cursor:
        raise SourceChanged(f"{request.endpoint}: the next page has no cursor of its own")
    body = {"data": {"type": "metric-aggregate", "attributes": {**attributes, "page_cursor": cursor}}}
    return Request(request.endpoint, request.path, body=body)
