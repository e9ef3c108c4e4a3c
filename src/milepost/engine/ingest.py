"""Ingest: one batch of a datastore into a platform, all its datasets from one consistent snapshot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from milepost.batch import BatchReport, Pipeline
from milepost.dataset import Dataset, ReadMode
from milepost.engine.lease import held
from milepost.engine.run import Staged, run_batch
from milepost.engine.runtime import Runtime
from milepost.errors import DeletesHeld, SourceChanged, Stopped
from milepost.merge.plan import with_retired
from milepost.milestoning import Milestoning
from milepost.ports import Source, StoreBatch


@dataclass(frozen=True, slots=True)
class IngestProgress:
    """How far the reading is: the dataset being read and the rows staged of it."""

    dataset: str
    rows: int


@dataclass(frozen=True, slots=True)
class Ingest:
    """One batch to be made. `max_delete_share` None: a person accepted the deletes. `stopped` is asked between chunks.

    `whole`: the datasets are all that the datastore has, so that one which is stored and not among them has vanished.
    """

    pipeline: Pipeline
    milestoning: Milestoning
    max_delete_share: float | None = 0.3
    on_progress: Callable[[IngestProgress], None] = lambda _: None
    stopped: Callable[[], bool] = lambda: False
    whole: bool = False


def ingest(runtime: Runtime, source: Source, datasets: Sequence[Dataset], order: Ingest) -> BatchReport:
    """Read `datasets` in one snapshot and merge them as one batch. Raises SourceError, LeaseHeld, MergeError, StoreError."""
    with held(runtime, order.pipeline) as lease:
        return run_batch(
            runtime,
            lease,
            order.pipeline,
            order.milestoning,
            lambda batch: read_snapshot(batch, source, datasets, order),
            max_delete_share=order.max_delete_share,
        )


def read_snapshot(batch: StoreBatch, source: Source, datasets: Sequence[Dataset], order: Ingest) -> Staged:
    """Stage `datasets` from one snapshot; incremental ones from their high-water mark. Raises Stopped, SourceError."""
    high_water: dict[str, str] = {}
    known = batch.checkpoint.datasets
    datasets = tuple(with_retired(known.get(dataset.name), dataset) for dataset in datasets)
    vanished = _vanished(batch, datasets, order)
    with source.snapshot(datasets) as snapshot:
        for dataset in datasets:
            batch.begin(dataset)
            since = (
                batch.checkpoint.high_water.get(dataset.name) if dataset.read_mode is not ReadMode.SNAPSHOT else None
            )
            rows = 0
            for chunk in snapshot.read(dataset, since):
                if order.stopped():
                    raise Stopped(
                        f"ingest of {order.pipeline} was stopped; nothing of this batch was written",
                        hint="run the command again: the batch is read anew",
                    )
                for name, table in chunk.rows.items():
                    own = name == dataset.name
                    rows += batch.stage(dataset if own else _named(datasets, name), table, chunk.bytes if own else 0)
                batch.refuse(chunk.refused)
                order.on_progress(IngestProgress(dataset.name, rows))
            if dataset.cursor and (mark := batch.highest(dataset, snapshot.taken_at)):
                high_water[dataset.name] = mark
        return Staged((*datasets, *vanished), snapshot.taken_at, high_water)


def _vanished(batch: StoreBatch, datasets: Sequence[Dataset], order: Ingest) -> tuple[Dataset, ...]:
    """Stored datasets that the datastore no longer has; once accepted they are read as empty, which deletes their rows."""
    present = {dataset.name for dataset in datasets}
    gone = tuple(d for name, d in batch.checkpoint.datasets.items() if name not in present) if order.whole else ()
    if gone and order.max_delete_share is not None:
        names, pipeline = ", ".join(repr(d.name) for d in gone), order.pipeline
        raise DeletesHeld(
            f"{pipeline} has datasets that are gone at the source: {names} (dropped, renamed, or a grant is missing); "
            "held, nothing was changed",
            hint="declare which datasets are read in the ecosystem file, which keeps what is stored as it is; or, if they "
            f"are gone for good: milepost ingest {pipeline.datastore} --platform {pipeline.platform} --accept-deletes",
            datasets=[d.name for d in gone],
        )
    return tuple(replace(d, read_mode=ReadMode.SNAPSHOT, deleted_mark=None) for d in gone)


def _named(datasets: Sequence[Dataset], name: str) -> Dataset:
    for dataset in datasets:
        if dataset.name == name:
            return dataset
    raise SourceChanged(f"the source brought rows of dataset {name!r}, which is not part of this batch")
