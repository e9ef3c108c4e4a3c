"""Reading many windows at once: workers fetch slices, one thread stages and commits what they bring.

Memory is bounded by the queue between them and by staging, which spills. A day counts as done only when every slice of
it ended and the batch that holds its rows is committed; rows of a day whose other slices are still under way may be
committed earlier, which is harmless: they come again with the day and change nothing.
"""

from __future__ import annotations

import queue
import threading
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

from milepost.cursor import Window
from milepost.dataset import Dataset
from milepost.errors import Disposition, MilepostError
from milepost.merge.steps import WindowRecord
from milepost.ports import Chunk, StoreBatch, WindowedSource

QUEUE_LENGTH = 8  # chunks that wait to be staged: with a few MB each, tens of MB
# A columnar store keeps rows in groups (DuckDB: 122,880 rows) and rewrites a partly filled one with every commit. Batches
# of just under a group cost 2x the write; batches a fifth as large cost 8x, and slightly larger ones 7x (measured).
BATCH_ROWS = 120_000
BATCH_BYTES = 250_000_000
FIRST_BATCH_SECONDS = 2.0  # soon something to see; each batch may then take twice as long as the one before
BATCH_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a worker hands over: a chunk of a slice, its end, or why it failed; and the days that the slice touches."""

    days: tuple[date, ...]
    chunk: Chunk | None = None
    error: MilepostError | None = None


def touching(slices: Sequence[Window], windows: Mapping[date, Window]) -> list[tuple[Window, tuple[date, ...]]]:
    """Each slice with the days whose windows it overlaps, in the order of `slices`."""
    days = sorted(windows, key=lambda day: windows[day].start)
    starts, ends = [windows[day].start for day in days], [windows[day].end for day in days]
    return [(s, tuple(days[bisect_right(ends, s.start) : bisect_left(starts, s.end)])) for s in slices]


@dataclass(slots=True)
class DayWork:
    """A day under way: slices still open, bytes so far, the first error."""

    slices: int
    bytes: int = 0
    error: str = ""


@dataclass(slots=True)
class WindowReader:
    """Fetches the slices of many days through a pool of workers. `failure` is what stopped all of it, if anything did."""

    source: WindowedSource
    stream: str
    slices: Sequence[tuple[Window, tuple[date, ...]]]
    workers: int
    stop: threading.Event = field(default_factory=threading.Event)
    failure: MilepostError | None = None
    _arrivals: queue.Queue[Arrival] = field(default_factory=lambda: queue.Queue(QUEUE_LENGTH))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Work on the slices in the background; leaving the context stops the workers and waits for them."""
        tasks = iter(self.slices)
        guard = threading.Lock()

        def work() -> None:
            while not self.stop.is_set():
                with guard:
                    task = next(tasks, None)
                if task is None:
                    return
                self._fetch(*task)

        with ThreadPoolExecutor(self.workers, thread_name_prefix="fetch") as pool:
            running = [pool.submit(work) for _ in range(self.workers)]
            try:
                yield
            finally:
                self.stop.set()
        for future in running:
            future.result()  # a defect in a worker must not pass for the end of its work

    def _fetch(self, window: Window, days: tuple[date, ...]) -> None:
        try:
            for chunk in self.source.fetch(self.stream, window):
                self._put(Arrival(days, chunk))
                if self.stop.is_set():
                    return
            self._put(Arrival(days))
        except MilepostError as exc:
            if exc.disposition is Disposition.STOP:
                self.failure = self.failure or exc
                self.stop.set()
            self._put(Arrival(days, error=exc))

    def _put(self, arrival: Arrival) -> None:
        while not self.stop.is_set():
            try:
                self._arrivals.put(arrival, timeout=0.1)
            except queue.Full:
                continue
            return

    def next(self, timeout: float) -> Arrival | None:
        """The next arrival, or None where nothing came in time."""
        try:
            return self._arrivals.get(timeout=timeout)
        except queue.Empty:
            return None


@dataclass(slots=True)
class WindowBatches:
    """Stages arrivals and says when a batch is full. One instance lives as long as the backfill's run."""

    reader: WindowReader
    datasets: Mapping[str, Dataset]
    monotonic: Callable[[], float]
    on_arrival: Callable[[], None] = lambda: None
    open_days: dict[date, DayWork] = field(default_factory=dict)
    failed: dict[date, str] = field(default_factory=dict)
    finished: dict[date, int] = field(default_factory=dict)
    patience: float = FIRST_BATCH_SECONDS

    def __post_init__(self) -> None:
        touched = Counter(day for _, days in self.reader.slices for day in days)
        self.open_days = {day: DayWork(slices) for day, slices in touched.items()}

    @property
    def more(self) -> bool:
        """Whether days are left and nothing stopped the reading."""
        return bool(self.open_days) and not self.reader.stop.is_set()

    def fill(self, batch: StoreBatch) -> tuple[WindowRecord, ...]:
        """Stage until the batch is full or everything has come; returns the days complete with it."""
        for dataset in self.datasets.values():
            batch.begin(dataset)
        self.finished.clear()
        size, rows, began = 0, 0, self.monotonic()
        while self.more and rows < BATCH_ROWS and size < BATCH_BYTES and self.monotonic() - began < self.patience:
            arrival = self.reader.next(timeout=0.2)
            if arrival is not None:
                rows += self._take(batch, arrival)
                size += arrival.chunk.bytes if arrival.chunk else 0
            self.on_arrival()
        self.patience = min(2 * self.patience, BATCH_SECONDS)
        return tuple(WindowRecord(self.reader.stream, day, done) for day, done in self.finished.items())

    def _take(self, batch: StoreBatch, arrival: Arrival) -> int:
        """Stage what arrived and keep count of its day; returns the rows of the primary dataset."""
        if arrival.chunk is not None:
            self.open_days[arrival.days[0]].bytes += arrival.chunk.bytes
            return self._stage(batch, arrival.chunk)
        for day in arrival.days:
            self._end_slice(day, arrival.error)
        return 0

    def _end_slice(self, day: date, error: MilepostError | None) -> None:
        work = self.open_days[day]
        if error is not None:
            work.error = work.error or error.what
        work.slices -= 1
        if not work.slices:
            del self.open_days[day]
            if work.error:
                self.failed[day] = work.error
            else:
                self.finished[day] = work.bytes

    def _stage(self, batch: StoreBatch, chunk: Chunk) -> int:
        primary = next(iter(self.datasets))
        staged = {
            name: batch.stage(self.datasets[name], rows, chunk.bytes if name == primary else 0)
            for name, rows in chunk.rows.items()
        }
        batch.refuse(chunk.refused)
        return staged.get(primary, 0)
