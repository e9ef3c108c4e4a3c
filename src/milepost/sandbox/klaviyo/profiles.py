"""Profiles: computed from their number, encoded when asked for, members of lists and segments by hash."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson

from milepost.sandbox.klaviyo.things import stamp
from milepost.sandbox.shop.mix import Ints, noise, words
from milepost.sandbox.shop.people import People, Person
from milepost.sandbox.shop.season import Season
from milepost.sandbox.shop.spec import AccountSpec

DAY = 86_400
_KEEP = 100_000  # encoded profiles kept in memory
_PATH = b"https://a.klaviyo.com/api/profiles/%b/"
_RELATIONSHIPS = b",".join(
    b'"%b":{"links":{"self":"%brelationships/%b/","related":"%b%b/"}}' % (name, _PATH, name, _PATH, name)
    for name in (b"lists", b"segments", b"push-tokens")
)
_PROFILE = (
    b'{"type":"profile","id":"%b","attributes":%b,"relationships":{'
    + _RELATIONSHIPS
    + b'},"links":{"self":"'
    + _PATH
    + b'"}}'
)
_CODES = _PROFILE.count(b"%b") - 2


@dataclass(slots=True)
class Directory:
    """All profiles of an account. `created` and `updated` are epoch seconds by profile number."""

    people: People
    created: Ints
    updated: Ints
    spec: AccountSpec
    cache: dict[tuple[tuple[str, ...] | None, int], bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, spec: AccountSpec, people: People, season: Season, ts: Ints, profile: Ints) -> Directory:
        """Date profiles: created before their first order, updated by their last."""
        numbers = people.all_numbers()
        first = np.full(people.count, season.end, dtype=np.int64)
        last = np.zeros(people.count, dtype=np.int64)
        past = ts < season.end
        np.minimum.at(first, profile[past], ts[past])
        np.maximum.at(last, profile[past], ts[past])
        joined = (
            season.start - 100 * DAY + (noise(numbers, 31) * (season.end - season.start + 99 * DAY)).astype(np.int64)
        )
        created = np.minimum(joined, first - 60 - (noise(numbers, 32) * 3 * DAY).astype(np.int64))
        return cls(people, created, np.maximum(created + 3600, last + 30), spec)

    def encoded(self, numbers: Ints, fields: tuple[str, ...] | None) -> list[bytes]:
        """Profile objects, with the attributes of a sparse fieldset if one is given."""
        if len(self.cache) > _KEEP:
            self.cache.clear()
        wanted = numbers.tolist()
        missing = [n for n in wanted if (fields, n) not in self.cache]
        if missing:
            tops = None if fields is None else frozenset(name.split(".", maxsplit=1)[0] for name in fields)
            rows = np.array(missing, dtype=np.int64)
            for who, code in zip(self.people.batch(rows), self.people.ids(rows), strict=True):
                text = orjson.dumps(self.attributes(who, tops))
                self.cache[fields, who.number] = _PROFILE % (code, text, *(code,) * _CODES)
        return [self.cache[fields, n] for n in wanted]

    def attributes(self, who: Person, wanted: frozenset[str] | None) -> dict[str, Any]:
        """The wanted attributes of a profile (None: all); what is costly is only made when wanted."""
        n = who.number
        out: dict[str, Any] = {
            "email": who.email, "phone_number": who.phone, "external_id": str(9_000_000 + n) if n % 4 else None,
            "first_name": who.first, "last_name": who.last, "organization": None, "locale": None, "title": None,
            "image": None,
        }  # fmt: skip
        if wanted is None or not wanted.isdisjoint(("created", "updated", "last_event_date")):
            updated = stamp(int(self.updated[n]))
            out |= {"created": stamp(int(self.created[n])), "updated": updated, "last_event_date": updated}
        if wanted is None or "location" in wanted:
            out["location"] = _location(who)
        if wanted is None or "properties" in wanted:
            out["properties"] = _properties(who)
        return out if wanted is None else {k: v for k, v in out.items() if k in wanted}

    def members(self, salt: int, share: float) -> tuple[Ints, Ints]:
        """Numbers of a group's members and the seconds they joined, by ascending time."""
        numbers = self.people.all_numbers()
        chosen = numbers[noise(numbers, salt) < share]
        joined = self.created[chosen] + (noise(chosen, salt + 1) * 20 * DAY).astype(np.int64)
        order = np.lexsort((chosen, joined))
        return chosen[order], joined[order]


def _location(who: Person) -> dict[str, Any]:
    place, as_text = who.place, who.number % 2 == 0  # coordinates are text for some profiles, numbers for others
    return {
        "address1": who.street, "address2": None, "city": place[0], "country": place[3],
        "latitude": str(place[6]) if as_text else place[6], "longitude": str(place[7]) if as_text else place[7],
        "region": place[1], "zip": place[5], "timezone": place[8], "ip": None,
    }  # fmt: skip


def _properties(who: Person) -> dict[str, Any]:
    source = ("Google", "Instagram", "Direct", "Newsletter")[who.bits >> 40 & 3]
    out = {"Initial Source": source, "Initial Referring Domain": ""}
    if who.number % 3 == 0:
        out |= {"Initial Source Medium": "cpc", "Initial Source Campaign": "always-on", "utm_source": source.lower()}
    return out


def subscriptions(who: Person, created: int) -> dict[str, Any]:
    """The `subscriptions` additional field."""
    opted_in = who.bits >> 50 & 7 != 0
    email: dict[str, Any] = {
        "can_receive_email_marketing": opted_in, "consent": "SUBSCRIBED" if opted_in else "UNSUBSCRIBED",
        "consent_timestamp": stamp(created), "last_updated": stamp(created), "method": "FORM", "method_detail": "",
        "custom_method_detail": None, "double_optin": False, "suppression": [], "list_suppressions": [],
    }  # fmt: skip
    sms = {
        "can_receive_sms_marketing": who.phone is not None, "consent": "SUBSCRIBED" if who.phone else "NEVER_SUBSCRIBED",
        "consent_timestamp": stamp(created) if who.phone else None, "method": None, "method_detail": None,
        "last_updated": stamp(created),
    }  # fmt: skip
    push = {"can_receive_push_marketing": False, "consent": "NEVER_SUBSCRIBED", "consent_timestamp": None}
    return {"email": {"marketing": email}, "sms": {"marketing": sms}, "mobile_push": {"marketing": push}}


def predictions(number: int, spent: float, orders: int, updated: int) -> dict[str, Any]:
    """The `predictive_analytics` additional field."""
    churn = float(words(np.array([number]), 77)[0] % 1000) / 1000
    return {
        "historic_clv": round(spent, 2), "predicted_clv": round(spent * (1 - churn), 2),
        "total_clv": round(spent * (2 - churn), 2), "historic_number_of_orders": orders,
        "predicted_number_of_orders": round(orders * (1 - churn), 2), "average_days_between_orders": 41.5 if orders > 1 else None,
        "average_order_value": round(spent / orders, 2) if orders else None, "churn_probability": churn,
        "expected_date_of_next_order": stamp(updated + 40 * DAY), "ranked_channel_affinity": ["email", "sms"],
    }  # fmt: skip
