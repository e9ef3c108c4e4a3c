"""Forensic milestoning: every version that ever was, each true for `[_batch_in, _batch_out)`.

Open and closed versions are kept apart, so that a batch never reads closed history (architecture.md, decision 5).
A delete closes; a re-insert opens a new version; an update does both.
"""

from __future__ import annotations

from datetime import datetime

from milepost.dataset import Dataset, ReadMode
from milepost.merge.steps import CloseVersions, InsertVersions, Step
from milepost.milestoning import Milestoning


def apply_changes(dataset: Dataset, batch: int, as_of: datetime, *, first: bool) -> tuple[Step, ...]:
    """Close what was updated or deleted, open what is new or updated. Appended datasets never close a version."""
    insert = InsertVersions(dataset, Milestoning.FORENSIC, batch, as_of, first)
    if first or dataset.read_mode is ReadMode.APPEND:
        return (insert,)
    return (CloseVersions(dataset, batch, as_of), insert)
