"""Which days a slice belongs to: every one that its window overlaps."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from milepost.cursor import Window, day_window
from milepost.engine.windows import touching

ZONE = ZoneInfo("America/New_York")
DAYS = [date(2026, 3, 6) + timedelta(days=n) for n in range(5)]  # the 8th has 23 hours
WINDOWS = {day: day_window(day, ZONE) for day in DAYS}
START, END = WINDOWS[DAYS[0]].start, WINDOWS[DAYS[-1]].end


@given(st.sets(st.integers(1, int((END - START).total_seconds()) - 1), max_size=12))
def test_a_slice_touches_exactly_the_days_it_overlaps(cuts: set[int]) -> None:
    edges = [START, *(START + timedelta(seconds=s) for s in sorted(cuts)), END]
    slices = [Window(a, b) for a, b in pairwise(edges)]
    for piece, days in touching(slices, WINDOWS):
        assert list(days) == [d for d, w in WINDOWS.items() if w.start < piece.end and piece.start < w.end]


def test_a_gap_between_windows_belongs_to_nobody() -> None:
    far = {DAYS[0]: WINDOWS[DAYS[0]], DAYS[4]: WINDOWS[DAYS[4]]}
    assert touching([WINDOWS[DAYS[2]]], far) == [(WINDOWS[DAYS[2]], ())]
