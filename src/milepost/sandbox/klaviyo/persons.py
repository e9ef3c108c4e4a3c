"""Handlers of profiles and of the members of lists and segments: paged by position in a sorted array."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import orjson

from milepost.sandbox.klaviyo.call import Call
from milepost.sandbox.klaviyo.collections import HINTS, included, one
from milepost.sandbox.klaviyo.errors import invalid, not_found
from milepost.sandbox.klaviyo.filters import Clause, clauses, compare, utc
from milepost.sandbox.klaviyo.profiles import predictions, subscriptions
from milepost.sandbox.klaviyo.things import stamp
from milepost.sandbox.shop.mix import Ints, word

_SHARE = {"list": 0.55, "segment": 0.3}


def _wanted(clause: Clause) -> list[str]:
    return [str(v) for v in (clause.value if isinstance(clause.value, list) else [clause.value])]


def _numbers(call: Call, clause: Clause) -> Ints:
    """The profiles that one clause about identity names."""
    people, values = call.account.people, _wanted(clause)
    match clause.field:
        case "id" | "profile_id":
            found = [people.number_of(v) for v in values]
        case "email":
            found = [people.number_of_email(v) for v in values]
        case "external_id":
            found = [int(v) - 9_000_000 if v.isdigit() and (int(v) - 9_000_000) % 4 else None for v in values]
        case "phone_number":
            numbers = people.all_numbers()
            found = [p.number for p in people.batch(numbers) if p.phone in values]
        case _:
            found = []
    known = [n for n in found if n is not None and 0 <= n < people.count]
    return np.array(sorted(set(known)), dtype=np.int64)


def _chosen(call: Call, numbers: Ints, times: dict[str, Ints]) -> Ints:
    """Which of these profiles pass the filter; `times[field][i]` belongs to `numbers[i]`. A mask."""
    mask = np.ones(len(numbers), dtype=bool)
    for clause in clauses(call.query.node):
        if clause.field in times and isinstance(clause.value, datetime):
            at = utc(clause.value).timestamp()
            mask &= compare(clause.op, times[clause.field], at)
        else:
            mask &= np.isin(numbers, _numbers(call, clause))
    return np.flatnonzero(mask)


def _slice(call: Call, ordered: Ints) -> tuple[Ints, dict[str, str | None]]:
    """The page of an ordering of profile numbers, and its links."""
    key, _ = call.key()
    if key is not None and not (len(key) == 1 and isinstance(key[0], int)):
        raise invalid("Invalid cursor provided.", parameter="page[cursor]")
    start = 0 if key is None else key[0]
    end = start + call.query.size
    return ordered[start:end], call.links([end] if end < len(ordered) else None)


def _more(call: Call, profile: dict[str, Any], number: int) -> dict[str, Any]:
    account = call.account
    created, updated = int(account.directory.created[number]), int(account.directory.updated[number])
    if "subscriptions" in call.query.additional:
        profile["attributes"]["subscriptions"] = subscriptions(account.people.person(number), created)
    if "predictive_analytics" in call.query.additional:
        mine = account.orders.cents[account.orders.profile == number]
        profile["attributes"]["predictive_analytics"] = predictions(number, int(mine.sum()) / 100, len(mine), updated)
    return profile


def _answer(call: Call, numbers: Ints, links: dict[str, str | None], joined: Ints | None) -> bytes | dict[str, Any]:
    encoded = call.account.directory.encoded(numbers, call.query.fields.get("profile"))
    if joined is None and not call.query.additional and not call.query.includes:
        return b'{"data":[' + b",".join(encoded) + b'],"links":' + orjson.dumps(links) + b"}"
    data = [_more(call, orjson.loads(e), n) for e, n in zip(encoded, numbers.tolist(), strict=True)]
    for at, second in enumerate([] if joined is None else joined.tolist()):
        data[at]["attributes"]["joined_group_at"] = stamp(second)
    out: dict[str, Any] = {"data": data, "links": links, "meta": HINTS}
    return out | ({"included": []} if call.query.includes else {})


def profiles(call: Call) -> bytes | dict[str, Any]:
    """Profiles, oldest change last unless sorted otherwise."""
    directory, people = call.account.directory, call.account.people
    numbers = np.flatnonzero(directory.created <= call.view.now)
    times = {"created": directory.created[numbers], "updated": directory.updated[numbers]}
    numbers = numbers[_chosen(call, numbers, times)]
    name, down = call.query.sort or ("id", False)
    if name in ("created", "updated"):
        keys = getattr(directory, name)[numbers]
        order = np.lexsort((numbers, keys))
    elif name == "email":
        order = np.argsort(np.array([p.email for p in people.batch(numbers)], dtype=np.str_), kind="stable")
    else:
        order = np.arange(len(numbers))
    ordered = numbers[order[::-1] if down else order]
    found, links = _slice(call, ordered)
    return _answer(call, found, links, None)


def profile(call: Call) -> dict[str, Any]:
    """One profile. Raises 404."""
    number = call.account.people.number_of(call.id)
    if number is None or call.account.directory.created[number] > call.view.now:
        raise not_found(f"A profile with id {call.id} could not be found.")
    encoded = call.account.directory.encoded(np.array([number]), call.query.fields.get("profile"))[0]
    out: dict[str, Any] = {"data": _more(call, orjson.loads(encoded), number), "meta": HINTS}
    return out | ({"included": included(call, [])} if call.query.includes else {})


def _members(call: Call, kind: str) -> bytes | dict[str, Any]:
    if (kind, call.id) not in call.account.things:
        return one(call, None)
    salt = sum(ord(c) << (7 * at) for at, c in enumerate(call.id)) & 0xFFFFFFFF
    share = _SHARE[kind] * (0.4 + (word(salt, 3) % 1000) / 1000)
    numbers, joined = call.account.directory.members(salt, share)
    numbers, joined = numbers[joined <= call.view.now], joined[joined <= call.view.now]
    picked = _chosen(call, numbers, {"joined_group_at": joined})
    if call.query.sort is None or call.query.sort[1]:
        picked = picked[::-1]
    at, links = _slice(call, picked)
    return _answer(call, numbers[at], links, joined[at])


def list_members(call: Call) -> bytes | dict[str, Any]:
    """Members of a list, latest first unless sorted otherwise."""
    return _members(call, "list")


def segment_members(call: Call) -> bytes | dict[str, Any]:
    """Members of a segment, latest first unless sorted otherwise."""
    return _members(call, "segment")
