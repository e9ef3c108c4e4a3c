"""What a client must find: days, totals and items of the placed orders, straight from the drawn arrays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from milepost.sandbox.klaviyo.account import Account
from milepost.sandbox.klaviyo.shade import View
from milepost.sandbox.shop.season import midnight


@dataclass(frozen=True, slots=True)
class Day:
    """Orders and revenue of one day of the account's time zone."""

    orders: int
    revenue: Decimal


@dataclass(frozen=True, slots=True)
class Expected:
    """Totals of the placed orders that a client can see now.

    `items` counts lines, `attributed` orders with an attribution (written or still to come), `future` orders dated
    after now, `hidden` those that are late or deleted; the last two are in no other total.
    """

    metric_id: str
    currency: str
    orders: int
    revenue: Decimal
    items: int
    attributed: int
    future: int
    hidden: int
    days: dict[date, Day]

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Expected:
        """Rebuild what `expected` answered."""
        days = {date.fromisoformat(d): Day(n, Decimal(cents) / 100) for d, n, cents in data["days"]}
        rest = {k: v for k, v in data.items() if k not in ("days", "cents")}
        return cls(**rest, revenue=Decimal(data["cents"]) / 100, days=days)


def expected(account: Account, view: View, *, everything: bool = False) -> dict[str, Any]:
    """The truth as seen by `view`; with `everything` late orders count as if they were there already."""
    if everything:
        view = View(view.now, released=True)
    log, spec = account.orders, account.spec
    cut = log.rows_before(view.now + 1)
    rows = log.shade.everything(view, 0, cut, cut)
    ts, cents = log.ts[rows], log.cents[rows]
    spans = (spec.end - spec.start).days
    dates = [spec.start + timedelta(days=at) for at in range(spans)]
    edges = np.array([midnight(d, spec.zone) for d in [*dates, spec.end]], dtype=np.int64)
    day = np.searchsorted(edges, ts, side="right") - 1
    count = np.bincount(day[day < spans], minlength=spans)
    money = np.zeros(spans + 1, dtype=np.int64)
    np.add.at(money, day, cents)
    start = account.lines["line_start"]
    days = [(d.isoformat(), int(n), int(c)) for d, n, c in zip(dates, count, money[:spans], strict=True) if n]
    return {
        "metric_id": log.metric_id,
        "currency": spec.currency,
        "orders": len(rows),
        "cents": int(cents.sum()),
        "items": int((start[rows + 1] - start[rows]).sum()),
        "attributed": int((log.message[rows] >= 0).sum()),
        "future": len(log.shade.early(cut, log.size)),
        "hidden": int(cut - len(rows)),
        "days": days,
    }
