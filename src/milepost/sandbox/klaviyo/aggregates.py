"""POST /api/metric-aggregates: counts, sums and distinct people of a metric by interval and dimension."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from milepost.sandbox.klaviyo import filters, paging
from milepost.sandbox.klaviyo.call import Call
from milepost.sandbox.klaviyo.collections import HINTS
from milepost.sandbox.klaviyo.errors import Refusal, invalid
from milepost.sandbox.klaviyo.logs import EventLog
from milepost.sandbox.klaviyo.sends import CHANNEL
from milepost.sandbox.klaviyo.tally import Tally, tally
from milepost.sandbox.shop.mix import Ints

DIMENSIONS = (
    "$attributed_channel", "$attributed_flow", "$attributed_message", "$attributed_variation", "$campaign_channel", "$flow",
    "$flow_channel", "$message", "$message_send_cohort", "$usage_amount", "$value_currency", "$variation",
    "$variation_send_cohort", "Bot Click", "Bounce Type", "Campaign Name", "Client Canonical", "Client Name", "Client Type",
    "Email Domain", "Failure Source", "Failure Type", "From Number", "From Phone Region", "Inbox Provider", "List",
    "Message Format", "Message Name", "Message Type", "Method", "Segment Count", "Subject", "To Number", "To Phone Region",
    "URL", "form_id",
)  # fmt: skip
_MEASUREMENTS = ("count", "sum_value", "unique")
_INTERVALS = ("hour", "day", "week", "month")
_ZONES_REFUSED = ("Factory", "Europe/Kyiv", "Pacific/Kanton")
_PAGE = 500
_ATTRIBUTES = "/data/attributes/"


@dataclass(frozen=True, slots=True)
class Question:
    """A checked request. `edges` are epoch seconds, one more than `dates`; `equals` maps a dimension to a wanted value."""

    log: EventLog | None
    measurements: tuple[str, ...]
    by: tuple[str, ...]
    edges: list[int]
    dates: list[str]
    equals: dict[str, str]
    size: int
    sort: tuple[int, bool] | None


def _bad(detail: str, name: str) -> Refusal:
    return invalid(detail, pointer=_ATTRIBUTES + name)


def _zone(body: dict[str, Any]) -> ZoneInfo:
    name = body.get("timezone") or "UTC"
    try:
        if name in _ZONES_REFUSED:
            raise _bad(f"'{name}' is not a supported timezone.", "timezone")
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise _bad(f"'{name}' is not a valid timezone.", "timezone") from error


def _choice(body: dict[str, Any], name: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    values = body.get(name) or []
    if not isinstance(values, list):
        raise _bad(f"'{name}' must be a list.", name)
    for value in values:
        if value not in allowed:
            raise _bad(f"'{value}' is not a valid choice for {name}.", name)
    return tuple(values)


def _filters(body: dict[str, Any], zone: ZoneInfo) -> tuple[datetime, datetime, dict[str, str]]:
    texts = body.get("filter")
    low = high = None
    equals: dict[str, str] = {}
    for clause in [
        c for text in (texts if isinstance(texts, list) else []) for c in filters.clauses(filters.parse(str(text)))
    ]:
        value = clause.value
        if clause.field == "datetime" and isinstance(value, datetime):
            moment = value if value.tzinfo else value.replace(tzinfo=zone)
            low, high = (moment, high) if clause.op == "greater-or-equal" else (low, moment)
        elif clause.op == "equals" and clause.field in DIMENSIONS:
            equals[clause.field] = str(value)
        else:
            raise _bad(f"'{clause.op}({clause.field})' is not a valid filter for metric aggregates.", "filter")
    if low is None or high is None:
        raise _bad("A datetime filter with 'greater-or-equal' and 'less-than' is required.", "filter")
    if high <= low:
        raise _bad("The end of the datetime filter must be after its start.", "filter")
    if high - low > timedelta(days=366, hours=2):
        raise _bad("The datetime filter may not span more than one year.", "filter")
    return low, high, equals


def buckets(low: datetime, high: datetime, interval: str, zone: ZoneInfo) -> tuple[list[int], list[str]]:
    """Edges (epoch seconds) and starts of the intervals that touch `[low, high)`, cut at local boundaries of `zone`."""
    at = _floor(low.astimezone(zone), interval)
    starts = [at]
    while (at := _next(at, interval, zone)) < high:
        starts.append(at)
    first, last = int(low.timestamp()), int(high.timestamp())
    edges = [first, *(int(s.timestamp()) for s in starts[1:]), last]
    return edges, [s.astimezone(UTC).isoformat() for s in starts]


def _floor(at: datetime, interval: str) -> datetime:
    hour = at.replace(minute=0, second=0, microsecond=0)
    if interval == "hour":
        return hour
    day = hour.replace(hour=0)
    if interval == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if interval == "month" else day


def _next(at: datetime, interval: str, zone: ZoneInfo) -> datetime:
    if interval == "hour":
        return (at.astimezone(UTC) + timedelta(hours=1)).astimezone(zone)
    if interval == "month":
        return at.replace(year=at.year + at.month // 12, month=at.month % 12 + 1)
    return at + timedelta(days=7 if interval == "week" else 1)  # wall-clock arithmetic: local midnights


def _question(call: Call) -> Question:
    body = call.body
    number = call.account.metric_number(str(body.get("metric_id")))
    if number is None:
        raise _bad(f"Metric with id {body.get('metric_id')} could not be found.", "metric_id")
    measurements = _choice(body, "measurements", _MEASUREMENTS)
    if not measurements:
        raise _bad("At least one measurement is required.", "measurements")
    zone = _zone(body)
    interval = body.get("interval") or "day"
    if interval not in _INTERVALS:
        raise _bad(f"'{interval}' is not a valid choice for interval.", "interval")
    by = _choice(body, "by", DIMENSIONS)
    low, high, equals = _filters(body, zone)
    edges, dates = buckets(low, high, interval, zone)
    size = body.get("page_size") or _PAGE
    if not isinstance(size, int) or not 1 <= size <= _PAGE:
        raise _bad(f"Page size must be an integer between 1 and {_PAGE}", "page_size")
    return Question(call.account.log(number), measurements, by, edges, dates, equals, size, _sort(body, by))


def _sort(body: dict[str, Any], by: tuple[str, ...]) -> tuple[int, bool] | None:
    text = body.get("sort")
    if not text:
        return None
    name = str(text).removeprefix("-")
    if name not in by:
        raise _bad(f"'{name}' is not a valid sort field: it is not grouped by.", "sort")
    return by.index(name), str(text).startswith("-")


def labels(call: Call, log: EventLog) -> dict[str, list[str]]:
    """Per dimension the value of each message index + 1; dimensions that do not apply to the metric are absent."""
    account = call.account
    messages, ids = account.plan.messages, account.sent
    names = ["", *(ids.messages)]
    flows = ["", *(ids.flows[m.parent] if m.in_flow else "" for m in messages)]
    channels = ["", *(CHANNEL[m.channel] for m in messages)]
    if not log.sent:
        found = {"$attributed_message": names, "$attributed_flow": flows, "$attributed_channel": channels}
        return found | {"$value_currency": [account.spec.currency] * len(names), "$attributed_variation": names}
    return {
        "$message": names, "$flow": flows, "$variation": names,
        "$campaign_channel": ["", *("" if m.in_flow else CHANNEL[m.channel] for m in messages)],
        "$flow_channel": ["", *(CHANNEL[m.channel] if m.in_flow else "" for m in messages)],
        "$message_send_cohort": ["", *(f"{m.sent_at}:{i}" for m, i in zip(messages, ids.messages, strict=True))],
        "Campaign Name": ["", *(m.name for m in messages)], "Subject": ["", *(m.subject for m in messages)],
        "Email Domain": ["example.com"] * len(names), "Inbox Provider": ["Other"] * len(names),
    }  # fmt: skip


def _groups(call: Call, question: Question, log: EventLog) -> tuple[Ints, list[tuple[str, ...]]]:
    known, empty = labels(call, log), [""] * (len(call.account.plan.messages) + 1)
    rows = list(zip(*(known.get(d, empty) for d in question.by), strict=True)) if question.by else [()] * len(empty)
    index = {row: at for at, row in enumerate(dict.fromkeys(rows))}
    groups = np.array([index[row] for row in rows], dtype=np.int64)
    for dimension, value in question.equals.items():
        fits = np.array([v == value for v in known.get(dimension, empty)])
        groups[~fits] = -1
    return groups, list(index)


def _results(call: Call, question: Question) -> list[dict[str, Any]]:
    log = question.log
    if log is None:
        return []
    groups, dimensions = _groups(call, question, log)
    unique = "unique" in question.measurements
    counted = tally(log, call.view, np.array(question.edges, dtype=np.int64), groups, unique=unique)
    picked = [int(at) for at in np.flatnonzero(counted.count.sum(axis=0))]
    if not question.by and not picked:
        picked = [0]
    if question.sort is not None:
        at, down = question.sort
        picked.sort(key=lambda g: dimensions[g][at], reverse=down)
    return [
        {"dimensions": list(dimensions[g]), "measurements": {m: _series(counted, m, g) for m in question.measurements}}
        for g in picked
    ]


def _series(counted: Tally, measurement: str, group: int) -> list[float]:
    if measurement == "sum_value":
        return [cents / 100 for cents in counted.cents[:, group].tolist()]
    column = counted.unique if measurement == "unique" else counted.count
    return [float(v) for v in column[:, group].tolist()]


def metric_aggregates(call: Call) -> dict[str, Any]:
    """The answer: one row per group with a number per interval."""
    question = _question(call)
    mark = paging.fingerprint(call.path, [(k, repr(v)) for k, v in sorted(call.body.items()) if k != "page_cursor"])
    cursor = call.body.get("page_cursor")
    start = int(paging.decode(str(cursor), mark)[0][0]) if cursor else 0
    rows = _results(call, question)
    more = start + question.size < len(rows)
    after = paging.encode(mark, [start + question.size]) if more else None
    here = f"{call.base}{call.path}/"
    following = None if after is None else paging.url(call.base, call.path, [("page_cursor", after)], None)
    attributes = {"dates": question.dates, "data": rows[start : start + question.size]}
    code = f"{mark:08x}-0000-4000-8000-{call.view.now:012x}"
    data = {"type": "metric-aggregate", "id": code, "attributes": attributes, "links": {"self": here}}
    return {"data": data, "links": {"self": here, "next": following, "prev": None}, "meta": HINTS}
