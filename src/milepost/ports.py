"""Every seam of Milepost: what the engine asks of the outside. Small verbs; implementations live with the adapters.

Rows cross a seam as Arrow: any object with the Arrow C stream interface (`__arrow_c_stream__`), so that this module
needs no vendor library.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol, runtime_checkable
from zoneinfo import ZoneInfo

from milepost.batch import BatchState, Figures, Pipeline
from milepost.cursor import Window
from milepost.dataset import Dataset
from milepost.merge.steps import Step
from milepost.milestoning import Milestoning
from milepost.progress import BackfillRecord, DayRecord


class ArrowStream(Protocol):
    """Rows in columns: an Arrow table, record batch or reader."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The C stream of the Arrow PyCapsule interface."""
        ...


@runtime_checkable
class Pourable(ArrowStream, Protocol):
    """Rows that can also run straight into a DuckDB connection, which saves a third of a snapshot's time.

    Columns come in the order of the dataset (docs/decisions/0007). The connection must allow unsigned extensions, since
    the rows may need one. A store that does not speak DuckDB takes the stream.
    """

    def types(self, connection: Any) -> Sequence[str]:
        """The DuckDB type of each column."""
        ...

    def pour(self, connection: Any, into: str) -> int:
        """Run `into` (an INSERT or CREATE TABLE … AS) on the rows; returns how many. Raises SourceError."""
        ...


@dataclass(frozen=True, slots=True)
class Refusal:
    """One row that could not be understood: its key as texts, a sentence why, and the row as it came, as JSON text."""

    dataset: str
    key: tuple[str, ...]
    reason: str
    row: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one answer of a source brought: rows by dataset name, refused rows, bytes on the wire.

    The columns of `rows[name]` are those of the dataset's declaration, by name; order does not matter.
    """

    rows: Mapping[str, ArrowStream]
    refused: Sequence[Refusal] = ()
    bytes: int = 0


class Snapshot(Protocol):
    """One consistent reading of a datastore: every `read` sees the same instant, `taken_at`."""

    @property
    def taken_at(self) -> datetime:
        """The instant that is seen, by the source's clock."""
        ...

    def read(self, dataset: Dataset, since: str | None = None) -> Iterator[Chunk]:
        """All rows, or those whose cursor is at or past `since` (a value as text). Raises SourceError."""
        ...


class Source(Protocol):
    """The reader of a datastore."""

    def datasets(self) -> tuple[Dataset, ...]:
        """What can be read, introspected or known. Raises SourceError."""
        ...

    def snapshot(self, datasets: Sequence[Dataset]) -> AbstractContextManager[Snapshot]:
        """Begin one consistent reading of `datasets`."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...


@dataclass(frozen=True, slots=True)
class Totals:
    """A day's rows and their value by the source's own counting; `value` None where the source has none."""

    rows: int
    value: Decimal | None = None


class WindowedSource(Protocol):
    """A source whose past can be read window by window. A stream is one such reading; it may fill several datasets."""

    @property
    def zone(self) -> ZoneInfo:
        """The account's time zone: which day an instant belongs to."""
        ...

    def filled_by(self, stream: str) -> tuple[Dataset, ...]:
        """The datasets that a stream fills; the first is the one whose rows and value are reconciled per day."""
        ...

    def slices(self, stream: str, windows: Sequence[Window]) -> Sequence[Window]:
        """Slices that take a few requests each and together cover the windows exactly.

        A dense window is cut into several; neighbouring sparse ones share one.
        """
        ...

    def fetch(self, stream: str, window: Window) -> Iterator[Chunk]:
        """Every row of the window, page by page; finished only when the source says so. Thread-safe."""
        ...

    def totals(self, stream: str, start: date, end: date) -> Mapping[date, Totals]:
        """The source's own totals for each day from `start` to `end`, both included; days without rows are there with 0."""
        ...


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the store holds of a pipeline: written in the transaction of the rows it speaks of."""

    last_batch: int = 0
    as_of: datetime | None = None
    milestoning: Milestoning | None = None
    high_water: Mapping[str, str] = field(default_factory=dict)  # dataset → highest cursor value, as text
    datasets: Mapping[str, Dataset] = field(default_factory=dict)  # as last merged


class StoreBatch(Protocol):
    """One batch being put into a store, for one thread. Nothing is visible to readers before `commit` returns."""

    checkpoint: Checkpoint  # as the batch began

    def begin(self, dataset: Dataset) -> None:
        """Make the dataset part of the batch, even if no row of it comes."""
        ...

    def stage(self, dataset: Dataset, rows: ArrowStream, size: int = 0) -> int:
        """Add rows, read in `size` bytes; may be called many times. Returns the rows added. Raises SourceChanged."""
        ...

    def refuse(self, refusals: Sequence[Refusal]) -> None:
        """Quarantine rows that the source could not understand; written with the commit."""
        ...

    def highest(self, dataset: Dataset, now: datetime) -> str | None:
        """The new high-water mark: never behind the old one, and never in the future.

        A row dated in the future is kept but does not move the mark past rows that are still to come.
        """
        ...

    def commit(self, steps: Sequence[Step]) -> Mapping[str, Figures]:
        """Carry out the steps in one transaction. Raises BatchConflict, DeletesHeld, StoreError: nothing changed then."""
        ...


class Store(Protocol):
    """Where merged tables live."""

    def checkpoint(self, pipeline: Pipeline) -> Checkpoint:
        """What is committed of the pipeline; an empty one where nothing is."""
        ...

    def batch(self, pipeline: Pipeline) -> AbstractContextManager[StoreBatch]:
        """Begin staging; leaving the context without a commit discards it."""
        ...

    def windows(self, pipeline: Pipeline, stream: str) -> Mapping[date, int]:
        """The days of a stream whose window is committed, each with the bytes it was read in."""
        ...

    def totals(
        self, pipeline: Pipeline, dataset: str, day_column: str, value_column: str | None
    ) -> Mapping[date, Totals]:
        """Rows and value of each day that is stored, in open versions."""
        ...

    def query(self, sql: str, parameters: Sequence[object] = ()) -> AbstractContextManager[ArrowStream]:
        """A read-only query. Raises QueryInvalid, StoreBusy."""
        ...

    def history(self, pipeline: Pipeline, dataset: str, key: Mapping[str, str]) -> list[dict[str, object]]:
        """Every version of one row, oldest first. Raises UnknownName."""
        ...

    def clear(self, pipeline: Pipeline) -> None:
        """Forget the pipeline: its tables, checkpoint and quarantine."""
        ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a batch, as the control store knows it."""

    pipeline: Pipeline
    number: int
    attempt: int
    state: BatchState
    error: str = ""


class BatchLog(Protocol):
    """The control store's record of batches and attempts."""

    def begin(self, pipeline: Pipeline, number: int, now: datetime) -> Attempt:
        """Start the next attempt of batch `number`, whatever became of the one before. Raises IllegalTransition."""
        ...

    def move(self, attempt: Attempt, state: BatchState, now: datetime, *, error: str = "", report: str = "") -> Attempt:
        """Record a transition. Raises IllegalTransition."""
        ...

    def latest(self, pipeline: Pipeline) -> Attempt | None:
        """The newest attempt of the pipeline's newest batch."""
        ...

    def recent(
        self, limit: int, *, platform: str | None = None, datastore: str | None = None
    ) -> list[dict[str, object]]:
        """The attempts changed last, newest first, as flat records; `report` is JSON text, empty where not committed."""
        ...

    def forget(self, pipeline: Pipeline) -> None:
        """Drop the pipeline's attempts: numbering follows the store, which was cleared or restored."""
        ...


class Leases(Protocol):
    """One worker at a time: a lease with an expiry and a fencing token that only rises."""

    def take(self, name: str, owner: str, now: datetime, seconds: float) -> int:
        """Take or re-take the lease; returns the token. Raises LeaseHeld with who holds it and until when."""
        ...

    def renew(self, name: str, token: int, now: datetime, seconds: float) -> None:
        """Hold on to it. Raises LeaseLost."""
        ...

    def release(self, name: str, token: int) -> None:
        """Give it back; giving back a lost lease does nothing."""
        ...


class DailyCounter(Protocol):
    """Requests spent of a daily allowance; outlives the process."""

    def spent(self, account: str, endpoint: str, day: date) -> int:
        """Requests made on that UTC day."""
        ...

    def spend(self, account: str, endpoint: str, day: date, count: int = 1) -> None:
        """Record requests made."""
        ...


class BackfillLog(Protocol):
    """The control store's record of backfills and their days."""

    def read(self, pipeline: Pipeline) -> BackfillRecord | None:
        """The pipeline's backfill, if one was ever started."""
        ...

    def write(self, record: BackfillRecord) -> None:
        """Record a backfill; forgets an earlier request to cancel."""
        ...

    def days(self, pipeline: Pipeline, stream: str) -> list[DayRecord]:
        """The days of a stream, in order."""
        ...

    def write_days(self, pipeline: Pipeline, days: Sequence[DayRecord]) -> None:
        """Record days, all or none."""
        ...

    def request_cancel(self, pipeline: Pipeline) -> None:
        """Ask the process that works on the backfill to stop."""
        ...

    def cancel_requested(self, pipeline: Pipeline) -> bool:
        """Whether somebody asked to stop."""
        ...

    def forget(self, pipeline: Pipeline) -> None:
        """Drop the backfill and its days."""
        ...
