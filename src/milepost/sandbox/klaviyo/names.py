"""The ids of an account's resources: opaque outside, computed from numbers inside."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np

from milepost.sandbox.shop.mix import Ints, Words, long_ids, short_ids, short_number, words

BASE = "https://a.klaviyo.com"
_CODE = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_ROW_BITS = 40
_ATTRIBUTION = 777


def codes(seed: int, kind: str, count: int) -> list[str]:
    """`count` distinct six-character ids."""
    rng = Random(f"codes:{kind}:{seed}")
    found: dict[str, None] = {}
    while len(found) < count:
        found["".join(rng.choices(_CODE, k=6))] = None
    return list(found)


def ulids(seed: int, kind: str, count: int) -> list[str]:
    """`count` distinct 26-character ids."""
    salt = Random(f"ulids:{kind}:{seed}").getrandbits(40)
    return [i.decode() for i in long_ids(np.arange(count, dtype=np.int64), salt)]


@dataclass(frozen=True, slots=True)
class EventNames:
    """Ids of events and of their attributions; `log` is the number of the metric's log."""

    seed: int

    def events(self, log: int, rows: Ints) -> list[bytes]:
        """Event ids of these rows of a log."""
        return short_ids(rows + (log << _ROW_BITS), self.seed)

    def place(self, event_id: str) -> tuple[int, int] | None:
        """The log and row behind an event id, None if it cannot be one."""
        number = short_number(event_id, self.seed)
        return None if number is None else (number >> _ROW_BITS, number & ((1 << _ROW_BITS) - 1))

    def attributions(self, log: int, rows: Ints) -> list[bytes]:
        """Attribution ids of these rows of a log."""
        front: Words = words(rows + (log << _ROW_BITS), self.seed + _ATTRIBUTION)
        back: Words = words(rows + (log << _ROW_BITS), self.seed + _ATTRIBUTION + 1)
        return [b"%016x%016x" % pair for pair in zip(front.tolist(), back.tolist(), strict=True)]
