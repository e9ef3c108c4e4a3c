"""Windows of a cursor, and the days of an account."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from milepost.errors import RangeInvalid


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A half-open range `[start, end)` of instants, aware, UTC, `start < end`."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise RangeInvalid(f"window {self.start} … {self.end} has no time zone")
        if self.start >= self.end:
            raise RangeInvalid(f"window {self.start.isoformat()} … {self.end.isoformat()} is empty or reversed")

    @property
    def seconds(self) -> float:
        """Its length."""
        return (self.end - self.start).total_seconds()

    def split(self, step: timedelta) -> Iterator[Window]:
        """Consecutive windows of at most `step`, covering this one exactly."""
        start = self.start
        while start < self.end:
            end = min(start + step, self.end)
            yield Window(start, end)
            start = end


def day_window(day: date, zone: ZoneInfo) -> Window:
    """The window of `day` in `zone`: from its midnight to the next, so 23 or 25 hours where clocks change."""
    start = datetime.combine(day, time.min, zone).astimezone(UTC)
    return Window(start, datetime.combine(day + timedelta(days=1), time.min, zone).astimezone(UTC))


def days(start: date, end: date) -> Iterator[date]:
    """Every day from `start` to `end`, both included. Raises RangeInvalid where `end` is before `start`."""
    if end < start:
        raise RangeInvalid(f"range {start} … {end} is reversed", hint="give the earlier day first")
    for offset in range((end - start).days + 1):
        yield start + timedelta(days=offset)
