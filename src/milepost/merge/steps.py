"""The steps of a merge as plain values. A store translates each step through its dialect; it never decides.

Which steps follow each other, and so the rule of a history, is in `live.py` and `forensic.py`.
Source: docs/decisions/0003-merge-as-steps.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from milepost.batch import Pipeline
from milepost.dataset import Dataset
from milepost.milestoning import Milestoning
from milepost.schema import SchemaChange


@dataclass(frozen=True, slots=True)
class AssertLastBatch:
    """Precondition: the store's last committed batch of the pipeline is exactly `number`."""

    pipeline: Pipeline
    number: int


@dataclass(frozen=True, slots=True)
class CreateTables:
    """Make the dataset's tables: it is seen for the first time."""

    dataset: Dataset
    milestoning: Milestoning


@dataclass(frozen=True, slots=True)
class EvolveTables:
    """Follow allowed schema changes; versions already there read NULL in a new column."""

    dataset: Dataset
    milestoning: Milestoning
    changes: tuple[SchemaChange, ...]


@dataclass(frozen=True, slots=True)
class Screen:
    """Quarantine staged rows without a key or whose key stands twice with different values; collapse equal ones."""

    dataset: Dataset


@dataclass(frozen=True, slots=True)
class FindChanges:
    """Compare staged rows to open ones, value by value: which keys are inserted, updated, deleted.

    A key that was refused in this batch is neither updated nor deleted: what is stored of it stays.
    """

    dataset: Dataset
    milestoning: Milestoning
    first: bool


@dataclass(frozen=True, slots=True)
class GuardDeletes:
    """Hold the batch if it would delete more than `share` of the open rows, or all of them."""

    dataset: Dataset
    milestoning: Milestoning
    share: float


@dataclass(frozen=True, slots=True)
class CloseVersions:
    """Move the open versions of updated and deleted keys to the closed ones: true until this batch."""

    dataset: Dataset
    batch: int
    as_of: datetime


@dataclass(frozen=True, slots=True)
class RemoveRows:
    """Drop the rows of updated and deleted keys: a live table keeps no past."""

    dataset: Dataset


@dataclass(frozen=True, slots=True)
class InsertVersions:
    """Put the staged rows of inserted and updated keys in as open versions, true from this batch."""

    dataset: Dataset
    milestoning: Milestoning
    batch: int
    as_of: datetime
    first: bool


@dataclass(frozen=True, slots=True)
class WindowRecord:
    """A day of a stream that is complete with this batch, and the bytes it was read in."""

    stream: str
    day: date
    bytes: int


@dataclass(frozen=True, slots=True)
class Advance:
    """Write the checkpoint: batch number, instant, high-water marks, windows. The last step of every commit."""

    pipeline: Pipeline
    milestoning: Milestoning
    batch: int
    as_of: datetime
    high_water: tuple[tuple[str, str], ...] = ()
    windows: tuple[WindowRecord, ...] = field(default=())


Step = (
    AssertLastBatch
    | CreateTables
    | EvolveTables
    | Screen
    | FindChanges
    | GuardDeletes
    | CloseVersions
    | RemoveRows
    | InsertVersions
    | Advance
)
