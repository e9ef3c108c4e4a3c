"""Logs of events, one per metric: ascending in time, addressed by row; the one of placed orders lives encoded on disk."""

from __future__ import annotations

import mmap
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from milepost.sandbox.klaviyo.envelope import without_attribution
from milepost.sandbox.klaviyo.shade import Shade, View
from milepost.sandbox.shop.mix import Ints, noise

ATTRIBUTION_LAG = 12 * 3600
_LAG_SALT = 4242


class Columns(NamedTuple):
    """What aggregates need of rows: second, profile number, message index (-1: none) and value in cents."""

    ts: Ints
    profile: Ints
    message: Ints
    cents: Ints


class EventLog(Protocol):
    """All events of one metric, rows numbered by time.

    `sent` tells whether a row's message is the one that was sent or the one the event is attributed to.
    """

    number: int
    metric_id: str
    size: int
    sent: bool
    shade: Shade

    def rows_before(self, second: int) -> int:
        """How many rows are older than this epoch second."""
        ...

    def columns(self, rows: Ints) -> Columns:
        """The columns of these rows."""
        ...

    def encode(self, rows: Ints, view: View) -> list[bytes]:
        """One or more event objects per part, parts to be joined by commas."""
        ...

    def each(self, rows: Ints, view: View) -> list[bytes]:
        """Exactly one event object per row."""
        ...


def attributed_at(ts: Ints, rows: Ints) -> Ints:
    """The second at which the attribution of each row is written: hours after the event."""
    return ts + 3600 + (noise(rows, _LAG_SALT) * (ATTRIBUTION_LAG - 3600)).astype(np.int64)


@dataclass(slots=True)
class BlobLog:
    """Events encoded in one file; `offsets[i]` is where row i starts, rows are followed by a comma each."""

    number: int
    metric_id: str
    folder: Path
    shade: Shade = field(init=False)
    sent: bool = field(init=False, default=False)
    size: int = field(init=False)
    ts: Ints = field(init=False)
    profile: Ints = field(init=False)
    message: Ints = field(init=False)
    cents: Ints = field(init=False)
    offsets: Ints = field(init=False)
    blob: mmap.mmap | bytes = field(init=False)

    def __post_init__(self) -> None:
        load = {name: np.load(self.folder / f"{name}.npy", mmap_mode="r") for name in _STORED}
        self.ts, self.profile, self.message = load["ts"], load["profile"], load["message"]
        self.cents, self.offsets = load["cents"], load["offsets"]
        self.size = len(self.ts)
        self.shade = Shade.of(self.ts, load["visible"])
        with (self.folder / "events.blob").open("rb") as file:
            self.blob = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if self.size else b""

    def rows_before(self, second: int) -> int:
        """How many rows are older than this epoch second."""
        return int(np.searchsorted(self.ts, second))

    def columns(self, rows: Ints) -> Columns:
        """The columns of these rows."""
        return Columns(self.ts[rows], self.profile[rows], self.message[rows], self.cents[rows])

    def encode(self, rows: Ints, view: View) -> list[bytes]:
        """Slices of the file, one per run of neighbours; events whose attribution is still to come one by one."""
        if not len(rows):
            return []
        if self._unsettled(rows, view):
            return self.each(rows, view)
        cuts = np.flatnonzero(np.diff(rows) != 1)
        firsts = rows[np.concatenate([[0], cuts + 1])]
        lasts = rows[np.append(cuts, len(rows) - 1)]
        begin, end = self.offsets[firsts].tolist(), self.offsets[lasts + 1].tolist()
        return [self.blob[a : b - 1] for a, b in zip(begin, end, strict=True)]

    def _unsettled(self, rows: Ints, view: View) -> bool:
        return not view.released and int(self.ts[rows].max()) + ATTRIBUTION_LAG > view.now

    def each(self, rows: Ints, view: View) -> list[bytes]:
        """Exactly one event object per row."""
        if not len(rows):
            return []
        begin, end = self.offsets[rows].tolist(), self.offsets[rows + 1].tolist()
        parts = [self.blob[a : b - 1] for a, b in zip(begin, end, strict=True)]
        if not self._unsettled(rows, view):
            return parts
        settled = (attributed_at(self.ts[rows], rows) <= view.now).tolist()
        return [p if done else without_attribution(p) for p, done in zip(parts, settled, strict=True)]


_STORED = ("ts", "visible", "profile", "message", "cents", "offsets")
