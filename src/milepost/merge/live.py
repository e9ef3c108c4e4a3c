"""Live milestoning: the newest version of each row, and nothing of its past."""

from __future__ import annotations

from datetime import datetime

from milepost.dataset import Dataset, ReadMode
from milepost.merge.steps import InsertVersions, RemoveRows, Step
from milepost.milestoning import Milestoning


def apply_changes(dataset: Dataset, batch: int, as_of: datetime, *, first: bool) -> tuple[Step, ...]:
    """Replace updated rows, drop deleted ones, put new ones in. Appended datasets only ever gain rows."""
    insert = InsertVersions(dataset, Milestoning.LIVE, batch, as_of, first)
    if first or dataset.read_mode is ReadMode.APPEND:
        return (insert,)
    return (RemoveRows(dataset), insert)
