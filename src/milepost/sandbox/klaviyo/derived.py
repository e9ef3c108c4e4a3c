"""Logs that follow from the orders (carts before, fulfilments and refunds after): arrays in memory, JSON on demand."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from milepost.sandbox.klaviyo.envelope import wrap
from milepost.sandbox.klaviyo.logs import Columns, attributed_at
from milepost.sandbox.klaviyo.names import EventNames
from milepost.sandbox.klaviyo.payloads.order import ORDER_BASE, money, strings
from milepost.sandbox.klaviyo.shade import Shade, View
from milepost.sandbox.shop.catalogue import Item
from milepost.sandbox.shop.mix import Ints, noise
from milepost.sandbox.shop.people import People

NOBODY = -1
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Base:
    """The orders that other logs follow from, and what is needed to write an event."""

    ts: Ints
    visible: Ints
    profile: Ints
    message: Ints
    cents: Ints
    line_start: Ints
    line_item: Ints
    line_qty: Ints
    items: list[Item]
    names: EventNames
    people: People
    currency: str


@dataclass(frozen=True, slots=True)
class Rule:
    """How a metric follows from orders: of which share, how many seconds after (negative: before) them.

    `valued` events carry the order's value, `attributed` ones its attribution; `per_line` gives one event per line.
    """

    share: float
    soonest: int
    latest: int
    valued: bool
    attributed: bool
    per_line: bool = False


RULES: dict[str, Rule] = {
    "Ordered Product": Rule(1.0, 0, 0, True, True, per_line=True),
    "Checkout Started": Rule(1.0, -900, -60, True, False),
    "Added to Cart": Rule(0.9, -2400, -900, True, False),
    "Viewed Product": Rule(0.8, -7200, -2400, False, False),
    "Fulfilled Order": Rule(0.95, DAY, 3 * DAY, True, True),
    "Cancelled Order": Rule(0.015, 600, DAY, True, True),
    "Refunded Order": Rule(0.03, 3 * DAY, 20 * DAY, True, True),
}


@dataclass(slots=True)
class DerivedLog:
    """One metric of `RULES`. `source` is the order's row of each event, `line` the line's index or -1."""

    number: int
    metric_id: str
    name: str
    base: Base
    sent: bool = field(init=False, default=False)
    size: int = field(init=False)
    ts: Ints = field(init=False)
    source: Ints = field(init=False)
    line: Ints = field(init=False)
    shade: Shade = field(init=False)

    def __post_init__(self) -> None:
        rule, base = RULES[self.name], self.base
        rows = np.arange(len(base.ts), dtype=np.int64)
        if rule.per_line:
            source = np.repeat(rows, np.diff(base.line_start))
            ts, line = base.ts[source], np.arange(len(source), dtype=np.int64)
        else:
            source = rows[noise(rows, 100 + self.number) < rule.share]
            spread = noise(source, 200 + self.number) * (rule.latest - rule.soonest)
            ts, line = base.ts[source] + rule.soonest + spread.astype(np.int64), np.full(len(source), -1)
        order = np.argsort(ts, kind="stable")
        self.ts, self.source, self.line = ts[order], source[order], line[order]
        self.size = len(self.ts)
        late = base.visible[self.source] > base.ts[self.source]
        self.shade = Shade.of(self.ts, np.where(late, np.maximum(self.ts, base.visible[self.source]), self.ts))

    def rows_before(self, second: int) -> int:
        """How many rows are older than this epoch second."""
        return int(np.searchsorted(self.ts, second))

    def columns(self, rows: Ints) -> Columns:
        """The columns of these rows."""
        rule, source = RULES[self.name], self.source[rows]
        cents = self._cents(rows, source) if rule.valued else np.zeros(len(rows), dtype=np.int64)
        message = self.base.message[source] if rule.attributed else np.full(len(rows), NOBODY)
        return Columns(self.ts[rows], self.base.profile[source], message, cents)

    def _cents(self, rows: Ints, source: Ints) -> Ints:
        if not RULES[self.name].per_line:
            return self.base.cents[source]
        price = np.array([item.price for item in self.base.items], dtype=np.int64)
        line = self.line[rows]
        out: Ints = price[self.base.line_item[line]] * self.base.line_qty[line]
        return out

    def encode(self, rows: Ints, view: View) -> list[bytes]:
        """One event object per row."""
        return self.each(rows, view)

    def each(self, rows: Ints, view: View) -> list[bytes]:
        """One event object per row."""
        columns = self.columns(rows)
        has = columns.message >= 0
        if not view.released:
            has &= attributed_at(columns.ts, rows) <= view.now
        write = self._write_line if RULES[self.name].per_line else self._write_order
        properties = write(rows, columns)
        names, people = self.base.names, self.base.people
        return wrap(
            names, people, self.number, self.metric_id, rows=rows, ts=columns.ts, profile=columns.profile,
            attributed=has.tolist(), properties=properties,
        )  # fmt: skip

    def _write_line(self, rows: Ints, columns: Columns) -> list[bytes]:
        base, line = self.base, self.line[rows]
        source = self.source[rows]
        place = (line - base.line_start[source]).tolist()
        sold = zip(base.line_item[line].tolist(), base.line_qty[line].tolist(), strict=True)
        parts = zip(source.tolist(), place, sold, columns.cents.tolist(), strict=True)
        return [
            _PRODUCT
            % (ORDER_BASE + row, at, qty, money(cents), base.currency.encode(), _product(base.items[item]), qty)
            for row, at, (item, qty), cents in parts
        ]

    def _write_order(self, rows: Ints, columns: Columns) -> list[bytes]:
        base, source = self.base, self.source[rows]
        first = base.line_item[base.line_start[source]].tolist()
        slug = self.name.replace(" ", "-").lower().encode()
        valued = RULES[self.name].valued
        return [
            _ORDER
            % (
                ORDER_BASE + row,
                slug,
                money(cents) if valued else b"0",
                base.currency.encode(),
                _product(base.items[i]),
            )
            for row, cents, i in zip(source.tolist(), columns.cents.tolist(), first, strict=True)
        ]


_PRODUCT = b'{"$event_id":"%d:%d:%d","$value":%b,"$currency_code":"%b",%b,"Quantity":%d}'
_ORDER = b'{"$event_id":"%d:%b","$value":%b,"$currency_code":"%b",%b}'


def _product(item: Item) -> bytes:
    text = f'"Name":"{item.title}","SKU":"{item.sku}","ProductID":"{item.product_id}","Variant Name":"{item.variant}",'
    text += f'"Variant Option: Title":"{item.variant}","Vendor":"{item.vendor}","Collections":'
    return text.encode() + strings(item.collections) + b',"Tags":' + strings(item.tags)
