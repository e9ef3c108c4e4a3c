"""One drawn order in plain values, and the few byte helpers that every shape shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

from milepost.sandbox.shop.catalogue import Item
from milepost.sandbox.shop.orders import CODES
from milepost.sandbox.shop.people import Person

ORDER_BASE = 5_550_000_000_000
NUMBER_BASE = 1000


class Order(NamedTuple):
    """An order; money in cents, `when` as `YYYY-MM-DD HH:MM:SS` (UTC), `cause` the message's landing query or b""."""

    row: int
    when: bytes
    person: Person
    lines: list[tuple[int, int]]
    code: int
    subtotal: int
    discount: int
    shipping: int
    tax: int
    total: int
    cause: bytes


@dataclass(frozen=True, slots=True)
class Setting:
    """What is the same for every order of an account."""

    items: list[Item]
    currency: str
    full: bool


Encoder = Callable[[Order], bytes]


@lru_cache(1 << 16)
def money(cents: int) -> bytes:
    """`129.90`."""
    return b"%d.%02d" % divmod(cents, 100)


def grouped(cents: int) -> bytes:
    """`1,299.00`."""
    return f"{cents / 100:,.2f}".encode()


@lru_cache(1 << 12)
def strings(values: tuple[str, ...]) -> bytes:
    """A JSON list of plain strings (none of which needs escaping)."""
    return b"[" + ",".join(f'"{v}"' for v in values).encode() + b"]"


def collections(lines: list[tuple[int, int]], items: list[Item]) -> bytes:
    """The distinct collections of the lines, in order of appearance."""
    if len(lines) == 1:
        return strings(items[lines[0][0]].collections)
    return strings(tuple(dict.fromkeys([c for line, _ in lines for c in items[line].collections])))


def code_json(code: int) -> bytes:
    """The discount code as the inside of a JSON list."""
    return b'"%b"' % CODES[code].encode() if code else b""


def landing_query(source: str, medium: str, name: str, message_id: str) -> bytes:
    """The query string with which a recipient of a message lands in the shop."""
    campaign = quote(f"{name} ({message_id})", safe="()")
    return f"utm_source={source}&utm_medium={medium}&utm_campaign={campaign}&_kx=Zm9v".encode()
