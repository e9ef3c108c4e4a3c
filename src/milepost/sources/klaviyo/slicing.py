"""Cuts windows so that each slice takes about one request, from counts per hour; pure, asks nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import ceil

from milepost.cursor import Window

HOUR = timedelta(hours=1)
_SECOND = timedelta(seconds=1)


def cut(window: Window, counts: Mapping[datetime, int], target: int) -> tuple[Window, ...]:
    """Consecutive slices that cover `window` exactly; each has about `target` rows or fewer, and at least a second.

    `counts` has rows by the hour that begins there (UTC); an hour that is not in it is quiet. Neighbouring quiet hours
    share a slice; an hour above the target is cut into equal parts.
    """
    edges = [window.start]
    held = 0
    for start, end in _hours(window):
        rows = counts.get(start.replace(minute=0, second=0, microsecond=0), 0)
        if held + rows > target and start > edges[-1]:
            edges.append(start)
            held = 0
        held += rows
        if rows > target:
            edges.extend(_parts(start, end, ceil(rows / target)))
            held = 0
    if edges[-1] < window.end:
        edges.append(window.end)
    return tuple(Window(a, b) for a, b in pairwise(edges))


def _hours(window: Window) -> Iterator[tuple[datetime, datetime]]:
    start = window.start.astimezone(UTC)
    last = window.end.astimezone(UTC)
    while start < last:
        end = min(start.replace(minute=0, second=0, microsecond=0) + HOUR, last)
        yield start, end
        start = end


def _parts(start: datetime, end: datetime, count: int) -> Iterator[datetime]:
    """The ends of `count` equal parts, on whole seconds because events are; fewer where a part would be under a second."""
    step = max((end - start) / count, _SECOND)
    for number in range(1, count):
        edge = (start + step * number).replace(microsecond=0)
        if edge > start and end - edge >= _SECOND:
            yield edge
    yield end


def joined(windows: Sequence[Window]) -> list[Window]:
    """The windows in order, those that follow each other without a gap as one."""
    found: list[Window] = []
    for window in sorted(windows):
        if found and found[-1].end == window.start:
            found[-1] = Window(found[-1].start, window.end)
        else:
            found.append(window)
    return found


def spans(windows: Sequence[Window], longest: timedelta) -> list[tuple[datetime, datetime]]:
    """Few ranges of at most `longest` that together hold every window; long gaps are left out."""
    found: list[tuple[datetime, datetime]] = []
    for window in sorted(windows):
        for part in window.split(longest):
            if found and part.start >= found[-1][0] and part.end - found[-1][0] <= longest:
                found[-1] = (found[-1][0], max(found[-1][1], part.end))
            else:
                found.append((part.start, part.end))
    return found
