"""Shows a backfill while it reads: rows as they come off the wire, days as they are committed. Reading is the engine's."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from milepost.cli import numbers
from milepost.cursor import Window
from milepost.ports import Chunk, WindowedSource
from milepost.progress import DayRecord, DayState

if TYPE_CHECKING:
    from milepost.cli.progress import Updates
    from milepost.engine.backfill import BackfillProgress


class Watch:
    """A windowed source that tells a bar what passes; a batch is committed only every so many seconds."""

    def __init__(self, source: WindowedSource, bar: Updates) -> None:
        self._source, self._bar = source, bar
        self._lock = threading.Lock()
        self._rows, self._bytes = 0, 0
        self._done, self._total, self._failed = 0, 0, 0

    def __getattr__(self, name: str) -> Any:
        """Everything but `fetch` is the source's own."""
        return getattr(self._source, name)

    def fetch(self, stream: str, window: Window) -> Iterator[Chunk]:
        """The source's chunks, counted by the dataset that is reconciled."""
        first = self._source.filled_by(stream)[0].name
        for chunk in self._source.fetch(stream, window):
            rows: Any = chunk.rows.get(first)
            with self._lock:
                self._rows += rows.num_rows if rows is not None else 0
                self._bytes += chunk.bytes
            self._show()
            yield chunk

    def expect(self, days: Sequence[DayRecord]) -> None:
        """Begin with what is known of the days."""
        states = [day.state for day in days]
        self._done, self._total = states.count(DayState.COMPLETED), len(states)
        self._show()

    def committed(self, now: BackfillProgress) -> None:
        """Take what the engine tells after each commit."""
        self._done, self._total, self._failed = now.days_done, now.days_total, now.days_failed
        self._show()

    def _show(self) -> None:
        failed = f", {self._failed} failed" if self._failed else ""
        note = f"{numbers.plural(self._rows, 'order')}, {numbers.size(self._bytes)} read{failed}"
        self._bar.update("days", self._done, self._total, note)
