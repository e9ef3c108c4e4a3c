"""Invented people and places, and now and then a value that breaks careless code; keys do not belong here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

_FIRST = ("Ada", "Bruno", "Chloe", "Dmitri", "Esra", "Farid", "Grace", "Hiro", "Ivo", "Jun", "Kwame", "Lena")
_LAST = ("Fenwick", "Castellan", "Halloran", "Lindqvist", "Moreau", "Nakano", "Okafor", "Petrov", "Quint", "Rossi")
_STREETS = ("Harbour Street", "Ledger Road", "Orchard Lane", "Juniper Avenue", "Mill Way", "Cedar Court")
_CITIES = (("Portsmouth", "NH"), ("Ithaca", "NY"), ("Taos", "NM"), ("Duluth", "MN"), ("Bend", "OR"), ("Savannah", "GA"))

EXOTIC_TEXTS = (
    "",
    " ",
    " padded ",
    "NULL",
    "\\N",
    "O'Hara",
    'Zoë "Zed" Ångström',
    '\'; DROP TABLE "customers"; --',
    "comma, semicolon; pipe|",
    "back\\slash",
    "tab\tand\nnew\r\nline",
    "李小龍",
    "\u05e2\u05d1\u05e8\u05d9\u05ea\u200f right to left",
    "e\u0301 combining, \u00e9 composed",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 family",
    "\ufeffmark",
    "=1+1",
    "{{braces}} %s %(name)s $1",
    "x" * 100,
)
_EXOTIC_DATES = (
    date(1, 1, 1),
    date(1582, 10, 10),
    date(1900, 1, 1),
    date(1969, 12, 31),
    date(2000, 2, 29),
    date(9999, 12, 31),
)
_FIRST_BIRTHDAY, _LAST_BIRTHDAY = date(1940, 1, 1).toordinal(), date(2007, 12, 31).toordinal()
_ABSENT_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Values:
    """Column values drawn from `rng`; `exotic` is the share of awkward ones, 0 to 1."""

    rng: Random
    exotic: float

    def customer(self) -> dict[str, object]:
        """The columns of a customer that refer to nothing."""
        first, last = self.rng.choice(_FIRST), self.rng.choice(_LAST)
        return {
            "firstName": self._or_exotic(first),
            "lastName": self._or_exotic(last),
            "dob": self._birthday(),
            "email": self._or_absent(f"{first}.{last}{self.rng.randrange(10_000)}@example.com".lower()),
            "phone": self._or_absent(f"+1-555-{self.rng.randrange(10_000):04d}", length=40),
        }

    def address(self) -> dict[str, object]:
        """The columns of an address that refer to nothing."""
        city, state = self.rng.choice(_CITIES)
        return {
            "streetName": self._or_exotic(f"{self.rng.randint(1, 999)} {self.rng.choice(_STREETS)}"),
            "city": self._or_exotic(city),
            "state": self._or_absent(state),
            "zipCode": self._or_absent(f"{self.rng.randrange(100_000):05d}", length=20),
        }

    def _birthday(self) -> date:
        if self.rng.random() < self.exotic:
            return self.rng.choice(_EXOTIC_DATES)
        return date.fromordinal(self.rng.randint(_FIRST_BIRTHDAY, _LAST_BIRTHDAY))

    def _or_exotic(self, text: str, length: int = 100) -> str:
        return self.rng.choice(EXOTIC_TEXTS)[:length] if self.rng.random() < self.exotic else text

    def _or_absent(self, text: str, length: int = 100) -> str | None:
        return None if self.rng.random() < _ABSENT_SHARE else self._or_exotic(text, length)
