"""Days as people type them: ISO days, today, yesterday, -30d, -2w, -6m, -1y; and ranges of them. No time of day is here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from milepost.errors import RangeInvalid

_AGO = re.compile(r"^-(?P<count>\d{1,5})(?P<unit>[dwmy])$")
_FORMS = "write a day like 2026-01-31, today, yesterday, -30d, -2w, -6m or -1y"
_EARLIEST = date(2010, 1, 1)  # no shop has older events: a range from 1926 is a slip of the finger


@dataclass(frozen=True, slots=True)
class Days:
    """A range of days, both ends included."""

    start: date
    end: date

    @property
    def count(self) -> int:
        """Its days."""
        return (self.end - self.start).days + 1

    def __str__(self) -> str:
        return f"{self.start} … {self.end}"


def parse_day(text: str, today: date) -> date:
    """The day that `text` names, seen from `today`. Raises RangeInvalid."""
    word = text.strip().lower()
    if word in {"today", "yesterday"}:
        return today if word == "today" else today - timedelta(days=1)
    if match := _AGO.match(word):
        return _ago(today, int(match["count"]), match["unit"], text)
    try:
        return date.fromisoformat(word) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", word) else _reject(text)
    except ValueError as exc:
        raise RangeInvalid(f"{text!r} is not a day of the calendar: {exc}", hint=_FORMS, value=text) from exc


def parse_days(start: str, end: str, today: date) -> Days:
    """The range from `start` to `end`. Raises RangeInvalid where it is reversed or not in the past.

    `today` may be part of it: the day so far.
    """
    first, last = parse_day(start, today), parse_day(end, today)
    if last < first:
        raise RangeInvalid(f"range {first} … {last} is reversed", hint="give the earlier day as --start")
    if last > today:
        raise RangeInvalid(f"range {first} … {last} ends in the future (today is {today})", hint="end it with today")
    if first < _EARLIEST:
        raise RangeInvalid(f"range {first} … {last} starts before {_EARLIEST}", hint="check the year of --start")
    return Days(first, last)


def last_years(years: float, today: date) -> Days:
    """The `years` (fractions allowed) up to and with today. Raises RangeInvalid unless between a day and 15 years."""
    count = round(years * 365.25)
    if not 1 <= count <= 15 * 366:
        raise RangeInvalid(
            f"--years {years:g} is not between 1 day and 15 years", hint="write --years 1 or --years 0.5"
        )
    return Days(today - timedelta(days=count - 1), today)


def _ago(today: date, count: int, unit: str, text: str) -> date:
    try:
        if unit in "dw":
            return today - timedelta(days=count * (7 if unit == "w" else 1))
        months = today.year * 12 + today.month - 1 - count * (12 if unit == "y" else 1)
        return _in_month(months // 12, months % 12 + 1, today.day)
    except (ValueError, OverflowError) as exc:
        raise RangeInvalid(f"{text!r} is before the calendar begins", hint=_FORMS, value=text) from exc


def _in_month(year: int, month: int, day: int) -> date:
    """That day of the month, or its last day where the month is shorter: a month before 31 March is 28 February."""
    following = date(year + month // 12, month % 12 + 1, 1)
    return date(year, month, min(day, (following - timedelta(days=1)).day))


def _reject(text: str) -> date:
    raise RangeInvalid(f"{text!r} is not a day", hint=_FORMS, value=text)
