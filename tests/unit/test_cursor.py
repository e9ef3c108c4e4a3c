"""Windows are half-open and cover; a day is the account's day, and where clocks change it has 23 or 25 hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.cursor import Window, day_window, days
from milepost.errors import RangeInvalid

zones = st.sampled_from(sorted(z for z in available_timezones() if "/" in z)).map(ZoneInfo)
instants = st.integers(0, 2_000_000_000_000_000).map(
    lambda us: datetime(1995, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
)


@pytest.mark.parametrize(
    ("zone", "day", "start", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 28), "2026-03-27T23:00:00+00:00", 24),
        ("Europe/Berlin", date(2026, 3, 29), "2026-03-28T23:00:00+00:00", 23),
        ("Europe/Berlin", date(2026, 10, 25), "2026-10-24T22:00:00+00:00", 25),
        ("America/New_York", date(2026, 3, 8), "2026-03-08T05:00:00+00:00", 23),
        ("America/New_York", date(2026, 11, 1), "2026-11-01T04:00:00+00:00", 25),
        ("Pacific/Pago_Pago", date(2026, 6, 1), "2026-06-01T11:00:00+00:00", 24),
        ("Pacific/Kiritimati", date(2026, 6, 1), "2026-05-31T10:00:00+00:00", 24),
        ("Australia/Lord_Howe", date(2026, 4, 5), "2026-04-04T13:00:00+00:00", 24.5),
        ("Asia/Kathmandu", date(2026, 6, 1), "2026-05-31T18:15:00+00:00", 24),
        ("Africa/Cairo", date(2026, 4, 24), "2026-04-23T22:00:00+00:00", 23),
        ("UTC", date(2026, 12, 31), "2026-12-31T00:00:00+00:00", 24),
    ],
)
def test_a_day_begins_and_ends_at_the_midnights_of_its_zone(zone, day, start, hours):
    window = day_window(day, ZoneInfo(zone))
    assert (window.start.isoformat(), window.seconds) == (start, hours * 3600)


@given(zones, st.dates(date(1990, 1, 1), date(2037, 1, 1)))
def test_the_days_of_an_account_follow_each_other_without_a_gap(zone, day):
    if day in SKIPPED.get(zone.key, ()) or day + timedelta(days=1) in SKIPPED.get(zone.key, ()):
        return
    first, second = day_window(day, zone), day_window(day + timedelta(days=1), zone)
    assert first.end == second.start
    assert timedelta(hours=20) < timedelta(seconds=first.seconds) < timedelta(hours=28)


# Days that never were: the zone moved across the date line.
SKIPPED = {
    "Pacific/Apia": (date(2011, 12, 30),), "Pacific/Fakaofo": (date(2011, 12, 30),),
    "Pacific/Kwajalein": (date(1993, 8, 21),), "Pacific/Enderbury": (date(1995, 1, 1), date(1994, 12, 31)),
    "Pacific/Kanton": (date(1995, 1, 1), date(1994, 12, 31)), "Pacific/Kiritimati": (date(1995, 1, 1), date(1994, 12, 31)),
}  # fmt: skip


@given(
    instants,
    st.timedeltas(timedelta(microseconds=1), timedelta(days=40)),
    st.timedeltas(timedelta(hours=1), timedelta(days=9)),
)
def test_slices_cover_their_window_exactly(start, length, step):
    window = Window(start, start + length)
    parts = list(window.split(step))
    assert (parts[0].start, parts[-1].end) == (window.start, window.end)
    assert all(a.end == b.start for a, b in pairwise(parts))
    assert all(part.end - part.start <= step for part in parts)


@given(instants)
def test_an_empty_or_reversed_window_is_refused(instant):
    for end in (instant, instant - timedelta(microseconds=1)):
        with pytest.raises(RangeInvalid):
            Window(instant, end)


def test_a_window_without_a_time_zone_is_refused():
    with pytest.raises(RangeInvalid, match="time zone"):
        Window(datetime(2026, 1, 1), datetime(2026, 1, 2))  # noqa: DTZ001  # that is the point


def test_days_include_both_ends():
    assert list(days(date(2024, 2, 28), date(2024, 3, 1))) == [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)]
    assert list(days(date(2024, 2, 29), date(2024, 2, 29))) == [date(2024, 2, 29)]


def test_a_reversed_range_of_days_is_refused():
    with pytest.raises(RangeInvalid, match="reversed"):
        list(days(date(2024, 2, 2), date(2024, 2, 1)))
