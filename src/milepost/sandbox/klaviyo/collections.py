"""Answers from lists of things: filter, sort, page, include; the same few lines for every small resource."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from milepost.sandbox.klaviyo import filters, paging
from milepost.sandbox.klaviyo.call import Call
from milepost.sandbox.klaviyo.errors import not_found
from milepost.sandbox.klaviyo.things import Thing, render, targets

HINTS = {"agent_hints": {"next_steps": ["Follow links.next until it is null."]}}


def included(call: Call, things: Iterable[Thing]) -> list[dict[str, Any]]:
    """What `include` asks for, each resource once."""
    seen: dict[tuple[str, str], None] = {}
    for thing in things:
        for name in call.query.includes:
            seen.update(dict.fromkeys(targets(thing, name)))
    found = [call.account.things.get(key) for key in seen]
    shape = call.shape or (lambda thing: thing)
    return [render(shape(thing), call.query.fields) for thing in found if thing is not None]


def _order(thing: Thing, name: str) -> tuple[bool, Any, str]:
    value = thing.id if name == "id" else thing.facts.get(name)
    return value is not None, "" if value is None else value, thing.id


def page(call: Call, things: list[Thing], *, shuffle: bool = False) -> dict[str, Any]:
    """One page of a collection."""
    name, down = call.query.sort or ("id", False)
    chosen = [t for t in things if filters.matches(call.query.node, t.facts | {"id": t.id})]
    chosen.sort(key=lambda t: _order(t, name), reverse=down)
    if shuffle:
        chosen = _unsettle(chosen)
    key, played = call.key()
    start = _place(chosen, key) if key is not None else 0
    if key is not None and not played and start < len(chosen) and paging.plays_empty(call.mark(), key):
        return _document(call, [], call.links(key, after_empty=True))
    size = call.query.size or len(chosen)
    rows = chosen[start : start + size]
    more = start + size < len(chosen)
    return _document(call, rows, call.links([rows[-1].id, start + size] if more else None))


def _place(chosen: list[Thing], key: list[Any]) -> int:
    # Resources may have come or gone since: continue after the last one seen, else at its old place.
    last, at = key
    index = next((i for i, t in enumerate(chosen) if t.id == last), None)
    return int(at) if index is None else index + 1


def _unsettle(things: list[Thing]) -> list[Thing]:
    # Archived pages of the live service are slightly out of order (Estuary #4062): swap each sixth with its neighbour.
    out = list(things)
    for at in range(4, len(out) - 1, 6):
        out[at], out[at + 1] = out[at + 1], out[at]
    return out


def _document(call: Call, rows: list[Thing], links: dict[str, str | None]) -> dict[str, Any]:
    out: dict[str, Any] = {"data": [render(t, call.query.fields) for t in rows], "links": links, "meta": HINTS}
    if call.query.includes:
        out["included"] = included(call, rows)
    return out


def one(call: Call, thing: Thing | None) -> dict[str, Any]:
    """One resource. Raises 404 when there is none."""
    if thing is None:
        raise not_found(f"A resource with id {call.id} could not be found.")
    out: dict[str, Any] = {"data": render(thing, call.query.fields), "meta": HINTS}
    if call.query.includes:
        out["included"] = included(call, [thing])
    return out
