"""What people buy and what made them: all orders of a shop as arrays, drawn at once, sorted by time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from milepost.sandbox.shop.catalogue import Item
from milepost.sandbox.shop.marketing import Message
from milepost.sandbox.shop.mix import Floats, Ints
from milepost.sandbox.shop.season import HOUR, Season, midnight
from milepost.sandbox.shop.spec import AccountSpec

NOBODY = -1
_MEMORY_HOURS = 120
_DECAY_HOURS = 18.0
_LAGS = np.array([2 * HOUR, 9 * HOUR, 86_400, 3 * 86_400, 7 * 86_400, 17 * 86_400], dtype=np.int64)
CODES = ("", "SAVE10", "WELCOME15", "FRIENDS & FAMILY")
_CODE_RATES = np.array([0.0, 0.10, 0.15, 0.20])


@dataclass(frozen=True, slots=True)
class Orders:
    """Columns of equal length n, by ascending `ts` (epoch seconds); money in cents; lines in compressed-row form.

    `message` is the index of the message that caused the order (-1: none), `visible` the second from which the order
    can be seen. `line_start` has n+1 entries into `line_item` and `line_qty`.
    """

    ts: Ints
    visible: Ints
    profile: Ints
    message: Ints
    code: Ints
    subtotal: Ints
    discount: Ints
    shipping: Ints
    tax: Ints
    line_start: Ints
    line_item: Ints
    line_qty: Ints

    @property
    def total(self) -> Ints:
        """Subtotal less discount plus shipping and tax."""
        return self.subtotal - self.discount + self.shipping + self.tax


@dataclass(frozen=True, slots=True)
class Causes:
    """Per hour of the season: which messages cause orders, as one ascending array of `hour index + probability`."""

    keys: Floats
    message: Ints
    weight: Floats  # the hour's intensity with all causes

    def draw(self, hour: Ints, uniform: Floats) -> Ints:
        """The causing message of each draw, -1 for none."""
        return self.message[np.searchsorted(self.keys, hour + uniform, side="right")]


def causes(season: Season, messages: list[Message]) -> Causes:
    """How campaigns lift the season: each adds its strength, fading over five days; flows add a constant share."""
    count = len(season.hours)
    ages = np.arange(_MEMORY_HOURS)
    always = [m for m in messages if m.in_flow and m.strength > 0]
    hours = [np.arange(count)] * len(always)
    which = [np.full(count, m.index) for m in always]
    power = [np.full(count, m.strength) for m in always]
    for message in (m for m in messages if m.sent_at and m.strength > 0):
        at = ages + message.sent_at // HOUR - season.hours[0]
        inside = (at >= 0) & (at < count)
        hours.append(at[inside])
        which.append(np.full(int(inside.sum()), message.index))
        power.append((message.strength * np.exp(-ages / _DECAY_HOURS))[inside])
    hours.append(np.arange(count))
    which.append(np.full(count, NOBODY))
    power.append(np.ones(count))
    hour, name, strength = np.concatenate(hours), np.concatenate(which), np.concatenate(power)
    order = np.argsort(hour, kind="stable")
    hour, name, strength = hour[order], name[order], strength[order]
    total = np.bincount(hour, weights=strength, minlength=count)
    running = np.cumsum(strength)
    before = np.concatenate([[0.0], np.cumsum(total)])[hour]
    keys = hour + (running - before) / total[hour]
    last = np.append(hour[1:] != hour[:-1], [True])
    keys[last] = hour[last] + 1  # rounding must not let a draw fall into the next hour
    return Causes(keys, name.astype(np.int64), season.weight * total)


def draw(spec: AccountSpec, season: Season, messages: list[Message], items: list[Item], people: int) -> Orders:
    """Draw all orders of the account; the last `spec.future` are dated after its end."""
    rng = np.random.default_rng([spec.seed, 11])
    why = causes(season, messages)
    n = spec.orders
    cumulative = np.concatenate([[0.0], np.cumsum(why.weight)])
    edges = np.append(season.hours, season.hours[-1] + 1) * HOUR
    ts = np.interp(np.sort(rng.random(n)) * cumulative[-1], cumulative, edges).astype(np.int64)
    ts = np.clip(ts, midnight(spec.start, spec.zone), midnight(spec.end, spec.zone) - 1)
    message = why.draw(ts // HOUR - season.hours[0], rng.random(n) * (1 - 1e-12))
    visible = ts.copy()
    late = rng.random(n) < spec.late
    visible[late] += rng.choice(_LAGS, int(late.sum()))
    ahead = np.sort(rng.integers(60, 300, spec.future)) * 86_400 + season.end
    ts, message = np.append(ts, ahead), np.append(message, np.full(spec.future, NOBODY))
    visible = np.append(visible, np.full(spec.future, season.start))
    return _baskets(rng, ts, visible, message, items=items, people=people)


def _baskets(
    rng: np.random.Generator, ts: Ints, visible: Ints, message: Ints, *, items: list[Item], people: int
) -> Orders:
    n = len(ts)
    profile = (people * rng.random(n) ** 1.6).astype(np.int64)
    lines = np.minimum(rng.geometric(0.6, n), 6)
    start = np.concatenate([[0], np.cumsum(lines)]).astype(np.int64)
    item = (len(items) * rng.random(start[-1]) ** 2).astype(np.int64)
    qty = np.minimum(rng.geometric(0.8, start[-1]), 4).astype(np.int64)
    price = np.array([i.price for i in items], dtype=np.int64)
    running = np.concatenate([[0], np.cumsum(price[item] * qty)])
    subtotal = running[start[1:]] - running[start[:-1]]
    code = np.where(rng.random(n) < 0.2, rng.integers(1, len(CODES), n), 0)
    discount = np.rint(subtotal * _CODE_RATES[code]).astype(np.int64)
    shipping = np.where(subtotal > 7500, 0, 495 + 500 * (subtotal % 2))
    tax = np.rint((subtotal - discount) * 0.07).astype(np.int64)
    return Orders(ts, visible, profile, message, code, subtotal, discount, shipping, tax, start, item, qty)
