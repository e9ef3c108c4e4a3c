"""Days and ranges as people type them."""

from __future__ import annotations

from datetime import date

import pytest

from milepost.cli.days import last_years, parse_day, parse_days
from milepost.errors import RangeInvalid

TODAY = date(2026, 3, 31)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-01-31", date(2026, 1, 31)),
        (" 2024-02-29 ", date(2024, 2, 29)),
        ("today", TODAY),
        ("Yesterday", date(2026, 3, 30)),
        ("-30d", date(2026, 3, 1)),
        ("-0d", TODAY),
        ("-2w", date(2026, 3, 17)),
        ("-1m", date(2026, 2, 28)),
        ("-3m", date(2025, 12, 31)),
        ("-25m", date(2024, 2, 29)),
        ("-1y", date(2025, 3, 31)),
    ],
)
def test_a_day_is_understood(text: str, day: date) -> None:
    assert parse_day(text, TODAY) == day


def test_a_year_before_29_february_is_the_28th() -> None:
    assert parse_day("-1y", date(2024, 2, 29)) == date(2023, 2, 28)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "31.01.2026",
        "2026-1-31",
        "2026-02-30",
        "2026-13-01",
        "20260131",
        "30d",
        "-30",
        "-9999y",
        "-99999d x",
    ],
)
def test_what_is_no_day_is_refused_and_quoted(text: str) -> None:
    with pytest.raises(RangeInvalid, match=r"calendar|not a day") as caught:
        parse_day(text, TODAY)
    assert repr(text) in caught.value.what
    assert "-30d" in caught.value.hint


def test_a_range_has_both_its_ends() -> None:
    assert parse_days("-6d", "today", TODAY).count == 7
    assert parse_days("today", "today", TODAY).count == 1


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("today", "yesterday", "2026-03-31 … 2026-03-30 is reversed"),
        ("2026-03-01", "2026-04-01", "ends in the future (today is 2026-03-31)"),
        ("1999-01-01", "today", "starts before 2010-01-01"),
    ],
)
def test_a_range_that_cannot_be_read_is_refused(start: str, end: str, said: str) -> None:
    with pytest.raises(RangeInvalid) as caught:
        parse_days(start, end, TODAY)
    assert said in caught.value.what
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(("years", "count"), [(1, 365), (0.5, 183), (2, 730), (1 / 365.25, 1)])
def test_years_end_today(years: float, count: int) -> None:
    days = last_years(years, TODAY)
    assert (days.end, days.count) == (TODAY, count)


@pytest.mark.parametrize("years", [0, -1, 100, 0.001])
def test_years_out_of_reason_are_refused(years: float) -> None:
    with pytest.raises(RangeInvalid, match="between 1 day and 15 years"):
        last_years(years, TODAY)
