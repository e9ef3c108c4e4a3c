"""A bag of keys to draw from in constant time, and new keys; what the keys stand for does not belong here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random


class Keys:
    """Keys in an order that depends only on what was added and removed, so that a seeded draw is repeatable."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._keys = list(dict.fromkeys(keys))
        self._place = {key: place for place, key in enumerate(self._keys)}

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._place

    def add(self, key: str) -> None:
        """Put in a key; nothing happens if it is there."""
        if key not in self._place:
            self._place[key] = len(self._keys)
            self._keys.append(key)

    def remove(self, key: str) -> None:
        """Take out a key; the last one takes its place. Raises: KeyError if it is not there."""
        place, last = self._place.pop(key), self._keys.pop()
        if last != key:
            self._keys[place] = last
            self._place[last] = place

    def draw(self, rng: Random) -> str:
        """One of the keys, which stays in. Raises: ValueError if there is none."""
        return self._keys[rng.randrange(len(self._keys))]


class NewKeys:
    """Numbered keys such as C000006, each given once and never one that was in use."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._last = 0

    def saw(self, key: str) -> None:
        """Remember a key in use, so that it is not given again; keys of another shape cannot clash."""
        number = key.removeprefix(self._prefix)
        if key.startswith(self._prefix) and number.isascii() and number.isdigit():
            self._last = max(self._last, int(number))

    def next(self) -> str:
        """A key nobody had."""
        self._last += 1
        return f"{self._prefix}{self._last:06d}"
