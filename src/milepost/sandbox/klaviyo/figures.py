"""The statistics of reports: counted from the logs per message, then summed per group and turned into rates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from milepost.sandbox.klaviyo.account import SEND_METRICS, Account
from milepost.sandbox.klaviyo.logs import EventLog
from milepost.sandbox.klaviyo.shade import View
from milepost.sandbox.klaviyo.tally import tally
from milepost.sandbox.shop.mix import Floats, Ints

Raw = dict[str, Floats]
_TEXT_PRICE = 0.0079
_WITH_PEOPLE = {
    "opened": ("opens", "opens_unique"), "clicked": ("clicks", "clicks_unique"),
    "unsubscribed": ("unsubscribes", "unsubscribe_uniques"),
}  # fmt: skip
_PLAIN = {"received": "delivered", "bounced": "bounced", "spam": "spam_complaints"}


def count(account: Account, view: View, edges: Sequence[int], conversion: EventLog) -> Raw:
    """Counters of shape (buckets, messages) between the edges (epoch seconds)."""
    messages = len(account.plan.messages)
    groups = np.arange(-1, messages, dtype=np.int64)
    bounds = np.array(edges, dtype=np.int64)
    shape = (len(edges) - 1, messages)
    names = [*_PLAIN.values(), *(name for pair in _WITH_PEOPLE.values() for name in pair)]
    raw: Raw = {name: np.zeros(shape) for name in names}
    for number, (kind, _) in SEND_METRICS.items():
        log = account.log(number)
        if log is None:
            continue
        found = tally(log, view, bounds, groups, unique=kind in _WITH_PEOPLE)
        if kind in _WITH_PEOPLE:
            total, people = _WITH_PEOPLE[kind]
            raw[people] += _wide(found.unique, messages)
        else:
            total = _PLAIN[kind]
        raw[total] += _wide(found.count, messages)
    bought = tally(conversion, view, bounds, groups, unique=True)
    raw["conversions"], raw["conversion_uniques"] = _wide(bought.count, messages), _wide(bought.unique, messages)
    raw["conversion_value"] = _wide(bought.cents, messages) / 100
    raw["recipients"] = raw["delivered"] + raw["bounced"]
    text = np.array([m.channel == "sms" for m in account.plan.messages])
    raw["message_segment_count_sum"] = raw["delivered"] * text
    return raw


def _wide(found: Ints, messages: int) -> Floats:
    out = np.zeros((found.shape[0], messages))
    out[:, : found.shape[1]] = found
    return out


def _ratio(top: str, bottom: str) -> Callable[[Raw], Floats]:
    def ratio(raw: Raw) -> Floats:
        below = raw[bottom]
        out: Floats = np.divide(raw[top], below, out=np.zeros_like(below), where=below > 0)
        return out

    return ratio


def _same(name: str) -> Callable[[Raw], Floats]:
    return lambda raw: raw[name]


def _spend(raw: Raw) -> Floats:
    return np.round(raw["message_segment_count_sum"] * _TEXT_PRICE, 4)


def _roi(raw: Raw) -> Floats:
    spend = _spend(raw)
    out: Floats = np.divide(raw["conversion_value"], spend, out=np.zeros_like(spend), where=spend > 0)
    return out


def _none(raw: Raw) -> Floats:
    return np.zeros_like(raw["delivered"])


STATISTICS: dict[str, Callable[[Raw], Floats]] = {
    "average_order_value": _ratio("conversion_value", "conversions"), "bounce_rate": _ratio("bounced", "recipients"),
    "bounced": _same("bounced"), "bounced_or_failed": _same("bounced"),
    "bounced_or_failed_rate": _ratio("bounced", "recipients"), "click_rate": _ratio("clicks_unique", "delivered"),
    "click_to_open_rate": _ratio("clicks_unique", "opens_unique"), "clicks": _same("clicks"),
    "clicks_unique": _same("clicks_unique"), "conversion_rate": _ratio("conversion_uniques", "delivered"),
    "conversion_uniques": _same("conversion_uniques"), "conversion_value": _same("conversion_value"),
    "conversions": _same("conversions"), "delivered": _same("delivered"), "delivery_rate": _ratio("delivered", "recipients"),
    "failed": _none, "failed_rate": _none, "message_segment_count_sum": _same("message_segment_count_sum"),
    "open_rate": _ratio("opens_unique", "delivered"), "opens": _same("opens"), "opens_unique": _same("opens_unique"),
    "recipients": _same("recipients"), "revenue_per_recipient": _ratio("conversion_value", "delivered"),
    "spam_complaint_rate": _ratio("spam_complaints", "delivered"), "spam_complaints": _same("spam_complaints"),
    "text_message_credit_usage_amount": _same("message_segment_count_sum"), "text_message_roi": _roi,
    "text_message_spend": _spend, "unsubscribe_rate": _ratio("unsubscribe_uniques", "delivered"),
    "unsubscribe_uniques": _same("unsubscribe_uniques"), "unsubscribes": _same("unsubscribes"),
}  # fmt: skip


def grouped(raw: Raw, members: Sequence[int]) -> Raw:
    """The counters of some messages, added up: shape (buckets, 1)."""
    return {name: values[:, list(members)].sum(axis=1, keepdims=True).round(6) for name, values in raw.items()}


def values(raw: Raw, wanted: Sequence[str]) -> dict[str, list[Any]]:
    """The wanted statistics per bucket of counters of shape (buckets, 1)."""
    return {name: [float(v) for v in STATISTICS[name](raw)[:, 0]] for name in wanted}
