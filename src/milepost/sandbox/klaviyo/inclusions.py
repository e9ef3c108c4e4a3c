"""What `include` adds to events: metrics, profiles and attributions, each once per page."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import orjson

from milepost.sandbox.klaviyo.call import Call
from milepost.sandbox.klaviyo.logs import EventLog, attributed_at
from milepost.sandbox.klaviyo.things import render
from milepost.sandbox.shop.mix import Ints

_CLICKED = 11
_MISSING_EVERY = 97  # an event may name an attribution that is not included, as seen live
_ONE = b'"%b":{"data":{"type":"%b","id":"%b"}}'


class Found(NamedTuple):
    """Rows of one log, in reading order."""

    log: EventLog
    rows: Ints


def merged(found: list[Found]) -> list[Found]:
    """One entry per log, its rows in reading order."""
    rows: dict[int, list[Ints]] = {}
    for part in found:
        rows.setdefault(part.log.number, []).append(part.rows)
    logs = {part.log.number: part.log for part in found}
    return [Found(logs[number], np.concatenate(parts)) for number, parts in rows.items()]


def included(call: Call, found: list[Found]) -> list[bytes]:
    """The encoded resources, without repetition."""
    out: list[bytes] = []
    found = merged(found)
    if "attributions" in call.query.includes:
        out += [part for f in found for part in _attributions(call, f)]
    if "metric" in call.query.includes:
        things = {f.log.metric_id: call.account.things.get(("metric", f.log.metric_id)) for f in found}
        out += [orjson.dumps(render(t, call.query.fields)) for t in things.values() if t is not None]
    if "profile" in call.query.includes and found:
        numbers = np.unique(np.concatenate([f.log.columns(f.rows).profile for f in found]))
        out += call.account.directory.encoded(numbers, call.query.fields.get("profile"))
    return out


def _attributions(call: Call, found: Found) -> list[bytes]:
    if found.log.sent:
        return []
    account = call.account
    columns = found.log.columns(found.rows)
    has = columns.message >= 0
    if not call.view.released:
        has &= attributed_at(columns.ts, found.rows) <= call.view.now
    has &= found.rows % _MISSING_EVERY != 0
    rows, message = found.rows[has], columns.message[has].tolist()
    codes = account.names.attributions(found.log.number, rows)
    events = account.names.events(found.log.number, rows)
    causes = account.names.events(_CLICKED, rows)
    targets = account.attribution_targets
    return [
        b'{"type":"attribution","id":"%b","relationships":{"event":{"data":{"type":"event","id":"%b"}},'
        b'"attributed-event":{"data":{"type":"event","id":"%b"}},%b},"links":{"self":"https://a.klaviyo.com/api/attributions/%b/"}}'
        % (code, event, cause, targets[m], code)
        for code, event, cause, m in zip(codes, events, causes, message, strict=True)
    ]


def target(in_flow: bool, parent: str, message: str) -> bytes:
    """The relationships that say what an event is attributed to: a campaign or a flow, never both."""
    kinds = ("flow", "flow-message", "flow-message-variation") if in_flow else ("campaign", "campaign-message")
    ids = (parent, message, message)
    types = ("flow", "flow-message", "flow-message") if in_flow else kinds
    parts = [
        _ONE % (name.encode(), kind.encode(), code.encode())
        for name, kind, code in zip(kinds, types, ids, strict=False)
    ]
    return b",".join(parts)
