"""Writes an account's placed orders to a cache folder: encoded once, in chunks, with bounded memory."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from milepost.sandbox.klaviyo.envelope import stamps, wrap
from milepost.sandbox.klaviyo.names import EventNames
from milepost.sandbox.klaviyo.payloads import ENCODERS, Encoder, Setting
from milepost.sandbox.klaviyo.payloads.order import Order
from milepost.sandbox.shop.catalogue import Item
from milepost.sandbox.shop.mix import Ints
from milepost.sandbox.shop.orders import Orders
from milepost.sandbox.shop.people import People
from milepost.sandbox.shop.spec import AccountSpec, Shop

_CHUNK = 5_000
LINES = ("line_start", "line_item", "line_qty")


@dataclass(frozen=True, slots=True)
class Scribe:
    """What it takes to write one log of orders; `causes` holds a landing query per message index."""

    spec: AccountSpec
    names: EventNames
    people: People
    items: list[Item]
    causes: list[bytes]
    number: int
    metric_id: str
    shop: Shop

    def write(self, folder: Path, orders: Orders) -> None:
        """Write blob and columns into `folder`, which appears complete or not at all."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".writing-", dir=folder.parent))
        try:
            self._columns(work, orders)
            np.save(work / "offsets.npy", self._blob(work / "events.blob", orders))
            work.rename(folder)
        except OSError:
            if not folder.is_dir():  # another process may have finished first: its bytes are the same
                raise
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _columns(self, work: Path, orders: Orders) -> None:
        cents = orders.total - orders.tax if self.shop == "magento" else orders.total
        for name in ("ts", "visible", "profile", "message", *LINES):
            np.save(work / f"{name}.npy", getattr(orders, name))
        np.save(work / "cents.npy", cents)

    def _blob(self, path: Path, orders: Orders) -> Ints:
        encode = ENCODERS[self.shop](Setting(self.items, self.spec.currency, self.spec.payload == "full"))
        sizes = [np.zeros(1, dtype=np.int64)]
        with path.open("wb") as file:
            for first in range(0, len(orders.ts), _CHUNK):
                events = self._chunk(encode, orders, first, min(first + _CHUNK, len(orders.ts)))
                sizes.append(np.fromiter(map(len, events), dtype=np.int64, count=len(events)) + 1)
                file.write(b",".join(events) + b",")
        return np.cumsum(np.concatenate(sizes))

    def _chunk(self, encode: Encoder, orders: Orders, first: int, last: int) -> list[bytes]:
        span = slice(first, last)
        rows = np.arange(first, last, dtype=np.int64)
        ts, profile, message = orders.ts[span], orders.profile[span], orders.message[span].tolist()
        starts = orders.line_start[first : last + 1]
        low = int(starts[0])
        lines = slice(low, int(starts[-1]))
        sold = list(zip(orders.line_item[lines].tolist(), orders.line_qty[lines].tolist(), strict=True))
        edges = (starts - low).tolist()
        money = (orders.code, orders.subtotal, orders.discount, orders.shipping, orders.tax, orders.total)
        columns = zip(
            range(first, last), stamps(ts), self.people.batch(profile), edges, edges[1:],
            *(column[span].tolist() for column in money), message,
            strict=False,
        )  # fmt: skip
        none = b""
        properties = [
            encode(
                Order(row, when, who, sold[a:b], code, sub, off, ship, tax, total, self.causes[m] if m >= 0 else none)
            )
            for row, when, who, a, b, code, sub, off, ship, tax, total, m in columns
        ]
        has = [m >= 0 for m in message]
        return wrap(
            self.names, self.people, self.number, self.metric_id, rows=rows, ts=ts, profile=profile, attributed=has,
            properties=properties,
        )  # fmt: skip
