"""Who buys: profiles computed from their number alone, so that any count of them costs no memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from milepost.sandbox.shop.mix import Ints, long_ids, long_number, word, words

_FIRST = (
    "Ada", "Ben", "Chloé", "Dmitri", "Elif", "Farah", "Grace", "Hugo", "Imani", "Jürgen", "Kenji", "Léa", "Mateo",
    "Nadia", "Oskar", "Priya", "Quinn", "Rosa", "Sven", "Tariq", "Uma", "Víctor", "Wen", "Yara", "Zoë",
)  # fmt: skip
_LAST = (
    "Abbott", "Bianchi", "Castro", "Dubois", "Eriksen", "Fischer", "Garcia", "Haddad", "Ito", "Jansen", "Khan", "Lopez",
    "Müller", "Nguyen", "O'Neill", "Petrov", "Quist", "Rossi", "Silva", "Tanaka", "Usman", "Vega", "Weber", "Young",
)  # fmt: skip
_PLACES = (
    (
        "Boston",
        "Massachusetts",
        "MA",
        "United States",
        "US",
        "02110",
        42.3601,
        -71.0589,
        "America/New_York",
        "+1617555",
    ),
    ("Austin", "Texas", "TX", "United States", "US", "78701", 30.2672, -97.7431, "America/Chicago", "+1512555"),
    ("Portland", "Oregon", "OR", "United States", "US", "97201", 45.5152, -122.6784, "America/Los_Angeles", "+1503555"),
    ("Toronto", "Ontario", "ON", "Canada", "CA", "M5H 2N2", 43.6532, -79.3832, "America/Toronto", "+1416555"),
    ("Leeds", "England", "ENG", "United Kingdom", "GB", "LS1 4AP", 53.8008, -1.5491, "Europe/London", "+44113496"),
    ("Köln", "Nordrhein-Westfalen", "NW", "Germany", "DE", "50667", 50.9375, 6.9603, "Europe/Berlin", "+4922155"),
    ("Auckland", "Auckland", "AUK", "New Zealand", "NZ", "1010", -36.8485, 174.7633, "Pacific/Auckland", "+649555"),
)
_ASCII = str.maketrans("éëíüÜ", "eeiuU", "'")


class Person(NamedTuple):
    """One profile in plain words; `number` is its row."""

    number: int
    bits: int
    first: str
    last: str
    email: str
    phone: str | None
    place: tuple[str, str, str, str, str, str, float, float, str, str]
    street: str


@dataclass(frozen=True, slots=True)
class People:
    """All profiles of a shop, numbered `0 … count-1`."""

    count: int
    seed: int

    def person(self, number: int) -> Person:
        """The person with this number."""
        return self._from_bits(number, word(number, self.seed))

    def batch(self, numbers: Ints) -> list[Person]:
        """The persons with these numbers, in their order."""
        bits = words(numbers, self.seed).tolist()
        return [self._from_bits(n, b) for n, b in zip(numbers.tolist(), bits, strict=True)]

    @staticmethod
    def _from_bits(number: int, bits: int) -> Person:
        first = _FIRST[bits % 25]
        last = _LAST[(bits >> 8) % 24]
        place = _PLACES[(bits >> 16) % 7]
        name = f"{first}.{last}".translate(_ASCII).lower()
        phone = f"{place[9]}{number % 10_000:04d}" if bits >> 24 & 3 == 0 else None
        return Person(
            number,
            bits,
            first,
            last,
            f"{name}.{number}@example.com",
            phone,
            place,
            f"{(bits >> 30) % 900 + 1} Mill Road",
        )

    def ids(self, numbers: Ints) -> list[bytes]:
        """Profile ids of these numbers."""
        return long_ids(numbers, self.seed)

    def number_of(self, profile_id: str) -> int | None:
        """The number behind a profile id, None when there is no such profile."""
        number = long_number(profile_id, self.seed)
        return number if number is not None and number < self.count else None

    def number_of_email(self, email: str) -> int | None:
        """The number behind an e-mail address, None when nobody has it."""
        digits = email.split("@", maxsplit=1)[0].rpartition(".")[2]
        if not digits.isascii() or not digits.isdigit() or int(digits) >= self.count:
            return None
        return int(digits) if self.person(int(digits)).email == email.lower() else None

    def all_numbers(self) -> Ints:
        """`0 … count-1`."""
        return np.arange(self.count, dtype=np.int64)
