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
from milepost.sources.klaviyo.resources_sql import judged_statement, typed_statement

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


def _grid(results: str, axis: str, names: Mapping[str, str], labels: Mapping[str, str]) -> str:
    """Rows for each result and day: lists that stand side by side, taken apart together. Each list is parsed once.

    `names` has the pointer of each measure's list, `labels` the expression of each column that is the same on all days.
    """
    # Everything is taken out of `r` before `unnest`: afterwards it would be parsed again for each day.
    lists = ", ".join(f"from_json(json_extract(r, {literal(p)}), '[\"VARCHAR\"]') AS {n}" for n, p in names.items())
    same = ", ".join(f"{expression} AS {name}" for name, expression in labels.items())
    results = (
        f"SELECT unnest(json_extract(body, {literal(results)})) AS r, json_extract_string(body, {literal(axis)}) AS moments, "
        "asked.* FROM page, asked"
    )
    taken = f"SELECT zone, moments, {same}, {lists} FROM ({results})"
    apart = ", ".join(f"unnest({name}) AS {name}" for name in names)
    wide = f"SELECT zone, {', '.join(labels)}, unnest(moments) AS moment, {apart} FROM ({taken})"
    day = "CAST(CAST(timezone(zone, CAST(moment AS TIMESTAMPTZ)) AS DATE) AS VARCHAR) AS date"
    return f"SELECT NULL AS e, {day}, {', '.join(labels)}, {', '.join(names)} FROM ({wide})"


@cache
def report_statement(name: str) -> str:
    """From `page(body)` and `asked(zone)`: a row for each result, or for each result and day."""
    report = REPORTS[name]
    groups = {group: f"/groupings/{group}" for group in report.group_by}
    statistics = {statistic: f"/statistics/{statistic}" for statistic in report.statistics}
    results = "$.data.attributes.results[*]"
    if not report.daily:
        rows = f"SELECT unnest(json_extract(body, '{results}')) AS e, NULL AS owner FROM page"
        return typed_statement(report.dataset.columns, report.dataset.key, groups | statistics, rows)
    labels = {group: f"json_extract_string(r, {literal(pointer)})" for group, pointer in groups.items()}
    grid = _grid(results, "$.data.attributes.date_times[*]", statistics, labels)
    return judged_statement(report.dataset.columns, report.dataset.key, grid)


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
    measures = {"count": "/measurements/count", "uniques": "/measurements/unique", "value": "/measurements/sum_value"}
    labels = {name: name for name in ("metric_id", "metric", "dimension")}
    labels["target_id"] = "json_extract_string(r, '/dimensions/0')"
    grid = _grid("$.data.attributes.data[*]", "$.data.attributes.dates[*]", measures, labels)
    busy = f"SELECT * FROM ({grid}) WHERE TRY_CAST(\"count\" AS DOUBLE) IS DISTINCT FROM 0 AND target_id <> ''"
    return judged_statement(MESSAGE_DAYS.columns, MESSAGE_DAYS.key, busy)


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
