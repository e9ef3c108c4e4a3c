"""The plan of a batch: which steps, in which order. Pure; the one place where a schema change is accepted or refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from milepost.batch import Pipeline
from milepost.dataset import Dataset, ReadMode
from milepost.errors import SchemaRefused
from milepost.merge import forensic, live
from milepost.merge.steps import (
    Advance,
    AssertLastBatch,
    CreateTables,
    EvolveTables,
    FindChanges,
    GuardDeletes,
    Screen,
    Step,
    WindowRecord,
)
from milepost.milestoning import SYSTEM_COLUMNS, Milestoning
from milepost.schema import ChangeKind, SchemaChange, diff

_REMEDY = {
    ChangeKind.DROPPED: "list the column under `retired` in the ecosystem file: it stays in the history and reads NULL from now on",
    ChangeKind.NARROWED: "change the type back at the source, or load it as a new dataset under another name",
    ChangeKind.KEY_CHANGED: "load it as a new dataset under another name: a key is what makes two versions the same row",
}
_APPLY = {Milestoning.LIVE: live.apply_changes, Milestoning.FORENSIC: forensic.apply_changes}


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """What a plan depends on: the batch's number and instant, what the store holds, and how many deletes are too many.

    `max_delete_share` is 0..1; None: a person has accepted the deletes.
    """

    pipeline: Pipeline
    milestoning: Milestoning
    number: int
    as_of: datetime
    known: Mapping[str, Dataset]
    max_delete_share: float | None = 0.3
    high_water: tuple[tuple[str, str], ...] = ()
    windows: tuple[WindowRecord, ...] = ()


def plan(facts: BatchFacts, datasets: Sequence[Dataset]) -> tuple[Step, ...]:
    """The steps that make `datasets`, as staged, part of the store as batch `facts.number`. Raises SchemaRefused."""
    steps: list[Step] = [AssertLastBatch(facts.pipeline, facts.number - 1)]
    for dataset in datasets:
        steps += _dataset_steps(facts, dataset)
    steps.append(Advance(facts.pipeline, facts.milestoning, facts.number, facts.as_of, facts.high_water, facts.windows))
    return tuple(steps)


def _dataset_steps(facts: BatchFacts, dataset: Dataset) -> list[Step]:
    known = facts.known.get(dataset.name)
    first = known is None
    steps: list[Step] = []
    if known is None:
        steps.append(CreateTables(dataset, facts.milestoning))
    else:
        dataset, changes = evolve(known, dataset)
        if changes:
            steps.append(EvolveTables(dataset, facts.milestoning, changes))
    steps += [Screen(dataset), FindChanges(dataset, facts.milestoning, first)]
    if dataset.read_mode is ReadMode.SNAPSHOT and facts.max_delete_share is not None and not first:
        steps.append(GuardDeletes(dataset, facts.milestoning, facts.max_delete_share))
    steps += _APPLY[facts.milestoning](dataset, facts.number, facts.as_of, first=first)
    return steps


def evolve(known: Dataset, offered: Dataset) -> tuple[Dataset, tuple[SchemaChange, ...]]:
    """The dataset to merge into, and the changes from `known` to it. Raises SchemaRefused where one cannot be followed."""
    changes = diff(known.columns, offered.columns, old_key=known.key, new_key=offered.key)
    refused = [change for change in changes if not change.allowed]
    if refused:
        raise SchemaRefused(
            f"dataset {offered.name!r} changed at the source: {'; '.join(map(str, refused))}; nothing was merged",
            hint="; ".join(dict.fromkeys(_REMEDY[change.kind] for change in refused)),
            dataset=offered.name,
            changes=[str(change) for change in refused],
        )
    return offered, changes


def with_retired(known: Dataset | None, offered: Dataset) -> Dataset:
    """The dataset with the retired columns that the source no longer has but the store does, under their old type."""
    present = {column.name for column in offered.columns}
    gone = tuple(c for c in known.columns if c.name in offered.retired and c.name not in present) if known else ()
    return replace(offered, columns=(*offered.columns, *gone))


def check_names(dataset: Dataset) -> None:
    """Refuse a column that has the name of a system column. Raises SchemaRefused."""
    taken = [c.name for c in dataset.columns if c.name.casefold() in SYSTEM_COLUMNS]
    if taken:
        raise SchemaRefused(
            f"dataset {dataset.name!r} has a column named {taken[0]!r}, which Milepost uses itself",
            hint="leave it out with `columns`, or rename it at the source",
        )
