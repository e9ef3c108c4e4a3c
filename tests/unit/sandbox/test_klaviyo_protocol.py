"""Limits, revisions, cursors, faults, shades and calendars of the look-alike, without a server."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.clock import ManualClock
from milepost.sandbox.klaviyo import FaultPlan, FaultRule, paging, revisions, timeframes
from milepost.sandbox.klaviyo.aggregates import buckets
from milepost.sandbox.klaviyo.errors import Refusal
from milepost.sandbox.klaviyo.faults import FAULTS
from milepost.sandbox.klaviyo.limits import REPORT, XL, Limiter, M
from milepost.sandbox.klaviyo.moment import VirtualClock
from milepost.sandbox.klaviyo.routes import Routes
from milepost.sandbox.klaviyo.shade import Shade, View

NOW = int(datetime(2026, 11, 20, tzinfo=UTC).timestamp())


class Dial:
    """A limiter's clock, in seconds."""

    def __init__(self) -> None:
        self.at = 1_800_000_000.0

    def __call__(self) -> float:
        return self.at


def _admitted(limiter: Limiter, times: int, tier: object = XL, account: str = "a") -> int:
    done = 0
    for _ in range(times):
        try:
            limiter.admit(account, "GET /x", tier)  # type: ignore[arg-type]
        except Refusal:
            continue
        done += 1
    return done


def test_burst_and_steady_are_fixed_windows() -> None:
    dial = Dial()
    limiter = Limiter(dial)
    assert _admitted(limiter, 400) == 350
    assert _admitted(limiter, 400, account="b") == 350
    dial.at += 1
    assert _admitted(limiter, 400) == 350
    for _ in range(8):
        dial.at += 1
        _admitted(limiter, 400)
    dial.at += 1
    with pytest.raises(Refusal) as caught:
        limiter.admit("a", "GET /x", XL)
    assert caught.value.headers == {"Retry-After": "50"}
    assert "RateLimit-Limit" not in caught.value.headers
    dial.at += 50
    assert _admitted(limiter, 400) == 350


def test_headers_tell_the_steady_window() -> None:
    dial = Dial()
    limiter = Limiter(dial)
    dial.at += 12.4
    assert limiter.admit("a", "GET /x", M) == {
        "RateLimit-Limit": "150, 10;w=1, 150;w=60",
        "RateLimit-Remaining": "149",
        "RateLimit-Reset": "48",
    }


def test_reports_have_a_daily_cap() -> None:
    dial = Dial()
    limiter = Limiter(dial)
    done = 0
    for _ in range(600):
        done += _admitted(limiter, 1, REPORT)
        dial.at += 30
    assert done == 225
    dial.at += 86_400
    assert _admitted(limiter, 1, REPORT) == 1


def test_refused_requests_do_not_count_and_a_burst_may_say_zero_seconds() -> None:
    dial = Dial()
    dial.at += 0.8
    limiter = Limiter(dial)
    assert _admitted(limiter, 1000, M) == 10
    with pytest.raises(Refusal) as caught:
        limiter.admit("a", "GET /x", M)
    assert caught.value.headers["Retry-After"] == "0"
    dial.at += 1
    assert limiter.admit("a", "GET /x", M)["RateLimit-Remaining"] == "139"


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("2026-07-15", "2026-07-15"), ("2026-10-15", "2026-10-15"), ("2026-08-01", "2026-07-15"), ("2024-10-15", "2025-01-15"),
        ("2020-01-01", "2025-01-15"), ("2026-07-15.pre", "2026-07-15"), ("2030-01-01", "2026-10-15"),
    ],
)  # fmt: skip
def test_revisions_resolve(asked: str, answered: str) -> None:
    assert revisions.resolve(asked, NOW, opt_out=False) == answered


@pytest.mark.parametrize(("asked", "status"), [(None, 400), ("latest", 400), ("2024-10-15", 410)])
def test_revisions_that_do_not(asked: str | None, status: int) -> None:
    with pytest.raises(Refusal) as caught:
        revisions.resolve(asked, NOW, opt_out=True)
    assert caught.value.status == status


def test_a_revision_lives_two_years() -> None:
    before = int(datetime(2026, 10, 14, tzinfo=UTC).timestamp())
    assert revisions.resolve("2024-10-15", before, opt_out=True) == "2024-10-15"


def test_tiers_follow_the_revision() -> None:
    def steady(revision: str, path: str) -> int:
        return Routes(revision).find("GET", path)[0].tier.steady

    assert [steady(r, "/api/templates") for r in ("2025-07-15", "2025-10-15", "2026-01-15")] == [150, 700, 750]
    assert steady("2026-07-15", "/api/lists/x/profiles") == 750
    assert Routes("2026-10-15").find("GET", "/api/campaign-messages")[0].page == (20, 100)


@given(
    st.lists(st.one_of(st.integers(-(2**40), 2**40), st.text(max_size=9)), max_size=4),
    st.integers(0, 2**32 - 1),
    st.booleans(),
)
def test_cursors_come_back(key: list[int | str], mark: int, empty: bool) -> None:
    text = paging.encode(mark, key, after_empty=empty)
    assert paging.decode(text, mark) == (key, empty)
    assert paging.decode("=" + text, mark) == (key, empty)
    with pytest.raises(Refusal, match="Invalid cursor provided"):
        paging.decode(text, mark ^ 1)


@given(st.text(max_size=40))
def test_foreign_cursors_are_refused(text: str) -> None:
    with pytest.raises(Refusal, match="Invalid cursor provided"):
        paging.decode(text, 7)


def test_a_storm_hits_its_share_with_every_kind_and_again_the_same() -> None:
    storm = FaultPlan.storm(rate=0.3, seed=5)
    drawn = [storm.choose("GET /api/events", n) for n in range(1, 20_001)]
    kinds = Counter(f.kind for f in drawn if f is not None)
    assert set(kinds) == set(FAULTS)
    assert 0.28 < sum(kinds.values()) / len(drawn) < 0.32
    again = FaultPlan.from_json(storm.to_json())
    assert [again.choose("GET /api/events", n) for n in range(1, 200)] == drawn[:199]
    assert [FaultPlan.storm(0.3, seed=6).choose("GET /api/events", n) for n in range(1, 200)] != drawn[:199]


def test_faults_by_number_and_endpoint() -> None:
    plan = FaultPlan((FaultRule("reset", at=(2,), endpoint="GET /api/flow*"),))
    assert [plan.choose("GET /api/flows", n) is not None for n in (1, 2, 3)] == [False, True, False]
    assert plan.choose("GET /api/events", 2) is None
    with pytest.raises(ValueError, match="'flood'"):
        FaultPlan.from_json({"rules": [{"kind": "flood"}]})


def test_the_virtual_clock_runs_and_jumps() -> None:
    base = ManualClock()
    clock = VirtualClock(datetime(2026, 5, 1, tzinfo=UTC), base)
    begin = clock.seconds()
    base.sleep(3)
    clock.advance(60)
    assert clock.seconds() - begin == 63


@given(
    drawn=st.lists(st.tuples(st.integers(0, 60), st.integers(-20, 20)), max_size=60),
    view=st.builds(View, st.integers(0, 70), st.booleans()),
    span=st.tuples(st.integers(0, 60), st.integers(0, 60)),
    limit=st.integers(1, 70),
    gone=st.sets(st.integers(0, 59)),
)
def test_a_shade_shows_what_a_plain_loop_shows(
    drawn: list[tuple[int, int]], view: View, span: tuple[int, int], limit: int, gone: set[int]
) -> None:
    rows = sorted(drawn)
    ts = np.array([t for t, _ in rows], dtype=np.int64)
    visible = np.array([t + lag for t, lag in rows], dtype=np.int64)
    shade = Shade.of(ts, np.where(visible < ts, -1, visible))
    shade.delete(np.array(sorted(g for g in gone if g < len(rows)), dtype=np.int64))
    first, last = sorted(min(at, len(rows)) for at in span)
    now = view.now
    seen = [
        at
        for at in range(first, last)
        if at not in gone and (visible[at] < ts[at] or (ts[at] <= now and (view.released or visible[at] <= now)))
    ]
    cut = int(np.searchsorted(ts, now + 1))
    assert shade.take(view, first, last, cut, limit).tolist() == seen[:limit]
    assert shade.take(view, first, last, cut, limit, backwards=True).tolist() == seen[::-1][:limit]


def test_buckets_follow_the_wall_clock_of_the_zone() -> None:
    zone = ZoneInfo("America/New_York")
    low, high = datetime(2026, 3, 7, tzinfo=zone), datetime(2026, 3, 10, tzinfo=zone)
    edges, dates = buckets(low, high, "day", zone)
    assert [b - a for a, b in pairwise(edges)] == [86_400, 82_800, 86_400]
    assert dates == ["2026-03-07T05:00:00+00:00", "2026-03-08T05:00:00+00:00", "2026-03-09T04:00:00+00:00"]
    assert len(buckets(low, high, "hour", zone)[1]) == 71
    assert buckets(low, high, "week", zone)[1] == ["2026-03-02T05:00:00+00:00", "2026-03-09T04:00:00+00:00"]


@pytest.mark.parametrize(
    ("key", "first", "last"),
    [
        ("today", date(2026, 11, 20), date(2026, 11, 21)), ("yesterday", date(2026, 11, 19), date(2026, 11, 20)),
        ("last_week", date(2026, 11, 9), date(2026, 11, 16)), ("last_month", date(2026, 10, 1), date(2026, 11, 1)),
        ("last_3_months", date(2026, 8, 1), date(2026, 11, 1)), ("last_12_months", date(2025, 11, 1), date(2026, 11, 1)),
        ("last_year", date(2025, 1, 1), date(2026, 1, 1)), ("last_7_days", date(2026, 11, 14), date(2026, 11, 21)),
    ],
)  # fmt: skip
def test_named_timeframes(key: str, first: date, last: date) -> None:
    zone = ZoneInfo("UTC")
    start, end = timeframes.read({"key": key}, zone, NOW + 3600)
    assert (start.date(), end.date()) == (first, last)


def test_timeframes_ignore_the_offset_and_end_with_their_last_second() -> None:
    zone = ZoneInfo("Pacific/Kiritimati")
    start, end = timeframes.read({"start": "2026-01-01T00:00:00Z", "end": "2026-01-31T23:59:59Z"}, zone, NOW)
    assert start == datetime(2026, 1, 1, tzinfo=zone)
    assert end == datetime(2026, 2, 1, tzinfo=zone)
    for wrong in (
        None,
        {"key": "ever"},
        {"start": "2024-01-01", "end": "2026-01-01"},
        {"start": "2026-01-02", "end": "2026-01-01"},
    ):
        with pytest.raises(Refusal):
            timeframes.read(wrong, zone, NOW)
