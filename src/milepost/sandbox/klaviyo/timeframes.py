"""The time frames of reports: named ones and `{start, end}`, always in the account's zone; and their intervals."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from milepost.sandbox.klaviyo.errors import Refusal, invalid

_FLOOR = date(2023, 6, 1)  # reports know nothing older
_YEAR = timedelta(days=366)
INTERVALS = {
    "hourly": ("hour", timedelta(days=7)), "daily": ("day", timedelta(days=60)), "weekly": ("week", timedelta(weeks=53)),
    "monthly": ("month", _YEAR),
}  # fmt: skip


def _bad(detail: str) -> Refusal:
    return invalid(detail, pointer="/data/attributes/timeframe")


def _months_back(day: date, months: int) -> date:
    count = day.year * 12 + day.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)


def _named(key: str, today: date) -> tuple[date, date]:
    """First day and the day after the last."""
    tomorrow, monday = today + timedelta(days=1), today - timedelta(days=today.weekday())
    month, year = today.replace(day=1), today.replace(month=1, day=1)
    frames = {
        "today": (today, tomorrow), "yesterday": (today - timedelta(days=1), today), "this_week": (monday, tomorrow),
        "last_week": (monday - timedelta(days=7), monday), "this_month": (month, tomorrow),
        "last_month": (_months_back(today, 1), month), "this_year": (year, tomorrow),
        "last_year": (year.replace(year=year.year - 1), year), "last_3_months": (_months_back(today, 3), month),
        "last_12_months": (_months_back(today, 12), month),
    } | {f"last_{days}_days": (tomorrow - timedelta(days=days), tomorrow) for days in (7, 30, 90, 365)}  # fmt: skip
    if key not in frames:
        raise _bad(f"'{key}' is not a valid timeframe key.")
    return frames[key]


def _wall(text: Any, zone: ZoneInfo) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise _bad(f"'{text}' is not a valid datetime.") from error
    return moment.replace(tzinfo=zone)  # the offset is ignored: the account's zone counts


def read(timeframe: Any, zone: ZoneInfo, now: int) -> tuple[datetime, datetime]:
    """Start and end (exclusive) of a time frame. Raises 400."""
    if not isinstance(timeframe, dict):
        raise _bad("A timeframe is required.")
    if "key" in timeframe:
        first, last = _named(str(timeframe["key"]), datetime.fromtimestamp(now, UTC).astimezone(zone).date())
        start, end = (datetime.combine(day, time(), zone) for day in (first, last))
    else:
        start, end = _wall(timeframe.get("start"), zone), _wall(timeframe.get("end"), zone)
        end += timedelta(seconds=1) if end.second == 59 else timedelta()  # 23:59:59 means the whole day
    if end <= start:
        raise _bad("The end of the timeframe must be after its start.")
    if end - start > _YEAR:
        raise _bad("The timeframe may not be longer than one year.")
    return max(start, datetime.combine(_FLOOR, time(), zone)), max(end, datetime.combine(_FLOOR, time(), zone))
