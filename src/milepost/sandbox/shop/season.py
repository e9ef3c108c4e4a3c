"""When people buy: an hourly intensity over the account's days, by year, week, day and Black Friday."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import cos, pi
from zoneinfo import ZoneInfo

import numpy as np

from milepost.sandbox.shop.mix import Floats, Ints

HOUR = 3600
_BY_HOUR = (3, 2, 1, 1, 1, 2, 4, 6, 8, 10, 11, 12, 13, 12, 11, 11, 12, 13, 15, 17, 18, 16, 11, 6)
_BY_WEEKDAY = (1.05, 1.0, 0.98, 1.0, 1.04, 0.9, 1.12)


@dataclass(frozen=True, slots=True)
class Season:
    """Hours of an account: `hours` (epoch hours, ascending), their relative `weight` and local `weekday`."""

    hours: Ints
    weight: Floats

    @property
    def start(self) -> int:
        """First second (UTC)."""
        return int(self.hours[0]) * HOUR

    @property
    def end(self) -> int:
        """First second after the last hour (UTC)."""
        return (int(self.hours[-1]) + 1) * HOUR


def midnight(day: date, zone: ZoneInfo) -> int:
    """Epoch second at which `day` starts in `zone`."""
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


def black_friday(year: int) -> date:
    """The day after the fourth Thursday of November."""
    first = date(year, 11, 1)
    return first + timedelta(days=(3 - first.weekday()) % 7 + 22)


def _day_weight(day: date) -> float:
    yearly = 1 + 0.18 * cos(2 * pi * (day.timetuple().tm_yday - 345) / 365.25)
    since = (day - black_friday(day.year)).days
    sale = {-1: 1.6, 0: 4.5, 1: 2.4, 2: 2.0, 3: 3.6}.get(since, 1.0)
    return yearly * sale * _BY_WEEKDAY[day.weekday()]


def season(start: date, end: date, zone: ZoneInfo) -> Season:
    """Intensity of every UTC hour that touches `[start, end)` of the zone's days."""
    first, last = midnight(start, zone), midnight(end, zone)
    hours = np.arange(first // HOUR, -(-last // HOUR), dtype=np.int64)
    days: dict[date, float] = {}
    weight = np.empty(len(hours))
    for i, hour in enumerate(hours.tolist()):
        local = datetime.fromtimestamp(hour * HOUR, UTC).astimezone(zone)
        day = local.date()
        if day not in days:
            days[day] = _day_weight(day)
        weight[i] = days[day] * _BY_HOUR[local.hour]
    return Season(hours, weight)
