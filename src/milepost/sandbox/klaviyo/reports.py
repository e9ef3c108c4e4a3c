"""POST campaign-values-, flow-values- and flow-series-reports: who sent what, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from milepost.sandbox.klaviyo import figures, filters, paging, timeframes
from milepost.sandbox.klaviyo.aggregates import buckets
from milepost.sandbox.klaviyo.call import Call
from milepost.sandbox.klaviyo.collections import HINTS
from milepost.sandbox.klaviyo.derived import RULES
from milepost.sandbox.klaviyo.errors import Refusal, invalid
from milepost.sandbox.klaviyo.filters import Allowed
from milepost.sandbox.klaviyo.logs import EventLog

_COMMON = (
    "send_channel", "tag_id", "tag_name", "text_message_format", "variation", "variation_name",
)  # fmt: skip
GROUPS = {
    "campaign": ("campaign_id", "campaign_message_id", "campaign_message_name", "group", "group_name", *_COMMON),
    "flow": ("flow_id", "flow_message_id", "flow_message_name", "flow_name", *_COMMON),
}
_CHANNELS = {"email": "email", "sms": "sms", "mobile_push": "push-notification"}
_SEND_CHANNELS = ("email", "sms", "push-notification", "whatsapp")
_MOST_ITEMS = 100
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Question:
    """A checked request for a report on campaigns or flows; times are in the account's zone."""

    kind: str
    statistics: tuple[str, ...]
    group_by: tuple[str, ...]
    node: filters.Node | None
    start: datetime
    end: datetime
    conversion: EventLog


def _bad(detail: str, name: str) -> Refusal:
    return invalid(detail, pointer=f"/data/attributes/{name}")


def _conversion(call: Call) -> EventLog:
    metric_id = call.body.get("conversion_metric_id")
    if not metric_id:
        raise _bad("conversion_metric_id is required.", "conversion_metric_id")
    number = call.account.metric_number(str(metric_id))
    log = None if number is None else call.account.log(number)
    name = "" if number is None else call.account.metrics[number].attributes["name"]
    valued = name == "Placed Order" or (name in RULES and RULES[name].valued)
    if log is None or not valued:
        text = "Passed in conversion metric does not support querying for values data"
        raise _bad(text, "conversion_metric_id")
    return log


def _listed(call: Call, name: str, allowed: tuple[str, ...], default: tuple[str, ...]) -> tuple[str, ...]:
    found = call.body.get(name)
    if found is None:
        return default
    if not isinstance(found, list):
        raise _bad(f"'{name}' must be a list.", name)
    for value in found:
        if value not in allowed:
            raise _bad(f"'{value}' is not a valid choice for {name}.", name)
    return tuple(found)


def _filter(call: Call, kind: str) -> filters.Node | None:
    text = call.body.get("filter")
    if not text:
        return None
    node = filters.parse(str(text))
    either = Allowed(("equals", "contains-any"), ("contains-any",))
    allowed = dict.fromkeys(GROUPS[kind], either) | {
        "send_channel": Allowed(("equals",), ("contains-any",), choices=_SEND_CHANNELS),
        "tag_id": Allowed((), ("contains-any", "contains-all")),
        "tag_name": Allowed((), ("contains-any", "contains-all")),
    }
    filters.check(node, allowed)
    found = filters.clauses(node)
    if len({c.field for c in found}) != len(found):
        raise _bad("Only one filter per attribute is allowed.", "filter")
    if any(isinstance(c.value, list) and len(c.value) > _MOST_ITEMS for c in found):
        raise _bad(f"A filter may name at most {_MOST_ITEMS} values.", "filter")
    return node


def _question(call: Call, kind: str) -> Question:
    needed = (f"{kind}_id", f"{kind}_message_id")
    statistics = _listed(call, "statistics", tuple(figures.STATISTICS), ())
    if not statistics:
        raise _bad("At least one statistic is required.", "statistics")
    group_by = _listed(call, "group_by", GROUPS[kind], (*needed, "send_channel"))
    if not set(needed) <= set(group_by):
        raise _bad(f"group_by must include {needed[0]} and {needed[1]}.", "group_by")
    start, end = timeframes.read(call.body.get("timeframe"), call.account.spec.zone, call.view.now)
    return Question(kind, statistics, group_by, _filter(call, kind), start, end, _conversion(call))


def _facts(call: Call, kind: str, index: int) -> dict[str, Any]:
    """What a message can be grouped and filtered by."""
    account = call.account
    message, code = account.plan.messages[index], account.sent.messages[index]
    parents = account.sent.flows if kind == "flow" else account.sent.campaigns
    parent = account.things.get((kind, parents[message.parent]))
    tag = (parent.rels["tags"][1] or [""]) if parent is not None else [""]
    name = account.things["tag", tag[0]].attributes["name"] if tag[0] else ""
    return {
        f"{kind}_id": parents[message.parent], f"{kind}_message_id": code, f"{kind}_message_name": message.name,
        "send_channel": _CHANNELS[message.channel], "tag_id": tag[0], "tag_name": name, "variation": code,
        "variation_name": message.name, "text_message_format": "SMS" if message.channel == "sms" else "", "group": "",
        "group_name": "", "flow_name": parent.attributes["name"] if parent is not None else "", "_exists": parent is not None,
    }  # fmt: skip


def _groups(call: Call, question: Question) -> dict[tuple[str, ...], list[int]]:
    """Message indices by the values they are grouped by."""
    flow = question.kind == "flow"
    first, last = question.start.timestamp(), question.end.timestamp()
    out: dict[tuple[str, ...], list[int]] = {}
    for message in call.account.plan.messages:
        if message.in_flow is not flow or not message.totals:
            continue
        # A campaign belongs to the frame in which it was sent, whenever people reacted.
        if not flow and not first <= message.sent_at < min(last, call.view.now + 1):
            continue
        facts = _facts(call, question.kind, message.index)
        if facts["_exists"] and filters.matches(question.node, facts):
            out.setdefault(tuple(str(facts[g]) for g in question.group_by), []).append(message.index)
    return out


def _answer(call: Call, question: Question, kind: str, rows: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    mark = paging.fingerprint(call.path, [(k, repr(v)) for k, v in sorted(call.body.items())])
    cursor = dict(call.query.pairs).get("page_cursor")
    start = int(paging.decode(cursor, mark)[0][0]) if cursor else 0
    page = rows[start : start + _PAGE]
    after = paging.encode(mark, [start + _PAGE]) if start + _PAGE < len(rows) else None
    ids = dict.fromkeys(row["groupings"][f"{question.kind}_id"] for row in page)
    rels: dict[str, Any] = {f"{question.kind}s": {"data": [{"type": question.kind, "id": i} for i in ids]}}
    if question.kind == "flow":
        messages = dict.fromkeys(row["groupings"]["flow_message_id"] for row in page)
        rels["flow-messages"] = {"data": [{"type": "flow-message", "id": i} for i in messages]}
    for name, rel in rels.items():
        path = f"{call.base}{call.path}"
        rel["links"] = {"self": f"{path}/relationships/{name}/", "related": f"{path}/{name}/"}
    here = f"{call.base}{call.path}/"
    following = None if after is None else paging.url(call.base, call.path, [("page_cursor", after)], None)
    data = {"type": kind, "attributes": {"results": page} | more, "relationships": rels}
    return {"data": data, "links": {"self": here, "next": following, "prev": None}, "meta": HINTS}


def _values(call: Call, kind: str, edges: list[int], question: Question) -> dict[str, Any]:
    raw = figures.count(call.account, call.view, edges, question.conversion)
    rows = []
    for labels, members in _groups(call, question).items():
        found = figures.values(figures.grouped(raw, members), question.statistics)
        groupings = dict(zip(question.group_by, labels, strict=True))
        rows.append({"groupings": groupings, "statistics": {name: series[0] for name, series in found.items()}})
    return _answer(call, question, kind, rows)


def campaign_values(call: Call) -> dict[str, Any]:
    """Campaigns sent in the time frame, with all that came of them until now."""
    question = _question(call, "campaign")
    return _values(call, "campaign-values-report", [0, call.view.now + 1], question)


def flow_values(call: Call) -> dict[str, Any]:
    """What flows did in the time frame."""
    question = _question(call, "flow")
    edges = [int(question.start.timestamp()), int(question.end.timestamp())]
    return _values(call, "flow-values-report", edges, question)


def flow_series(call: Call) -> dict[str, Any]:
    """What flows did in each interval of the time frame."""
    question = _question(call, "flow")
    interval = call.body.get("interval")
    if interval not in timeframes.INTERVALS:
        raise _bad(f"'{interval}' is not a valid choice for interval.", "interval")
    name, longest = timeframes.INTERVALS[interval]
    if question.end - question.start > longest:
        raise _bad(f"The timeframe is too long for {interval} data.", "interval")
    edges, dates = buckets(question.start, question.end, name, call.account.spec.zone)
    raw = figures.count(call.account, call.view, edges, question.conversion)
    rows = [
        {
            "groupings": dict(zip(question.group_by, labels, strict=True)),
            "statistics": figures.values(figures.grouped(raw, members), question.statistics),
        }
        for labels, members in _groups(call, question).items()
    ]
    return _answer(call, question, "flow-series-report", rows, date_times=dates)
