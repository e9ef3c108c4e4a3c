"""One batch, from its attempt to its commit: the only place that moves a batch through its states."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime

from milepost.batch import BatchReport, BatchState, Pipeline
from milepost.dataset import Dataset
from milepost.engine.lease import HeldLease
from milepost.engine.runtime import Runtime
from milepost.errors import DeletesHeld, MilepostError, SchemaRefused
from milepost.merge.plan import BatchFacts, check_names, plan
from milepost.merge.steps import EvolveTables, WindowRecord
from milepost.milestoning import Milestoning
from milepost.ports import Attempt, StoreBatch

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Staged:
    """What a reader put into staging: the datasets, the instant they are true for, marks and windows to record."""

    datasets: tuple[Dataset, ...]
    as_of: datetime
    high_water: Mapping[str, str] = field(default_factory=dict)
    windows: tuple[WindowRecord, ...] = ()


Fill = Callable[[StoreBatch], Staged]


def run_batch(
    runtime: Runtime,
    lease: HeldLease,
    pipeline: Pipeline,
    milestoning: Milestoning,
    fill: Fill,
    *,
    max_delete_share: float | None = None,
) -> BatchReport:
    """Stage with `fill`, merge, commit. A killed attempt is redone under its number; a committed batch never is.

    Raises what `fill` raises, DeletesHeld (batch held), SchemaRefused, BatchConflict, LeaseLost, StoreError.
    """
    clock, seconds = runtime.clock, {}
    began = clock.monotonic()
    with runtime.store.batch(pipeline) as batch:
        _check_milestoning(pipeline, milestoning, batch.checkpoint.milestoning)
        settle(runtime, pipeline, batch.checkpoint.last_batch)
        attempt = runtime.batches.begin(pipeline, batch.checkpoint.last_batch + 1, clock.now())
        try:
            staged = fill(batch)
            seconds["read"] = clock.monotonic() - began
            for dataset in staged.datasets:
                check_names(dataset)
                batch.begin(dataset)
            attempt = runtime.batches.move(attempt, BatchState.STAGED, clock.now())
            steps = plan(
                BatchFacts(
                    pipeline,
                    milestoning,
                    attempt.number,
                    staged.as_of,
                    batch.checkpoint.datasets,
                    max_delete_share,
                    tuple(staged.high_water.items()),
                    staged.windows,
                ),
                staged.datasets,
            )
            lease.check()
            figures = batch.commit(steps)
        except BaseException as exc:
            _fail(runtime, attempt, exc)
            raise
        seconds["merge"] = clock.monotonic() - began - seconds["read"]
    changes = tuple(str(c) for step in steps if isinstance(step, EvolveTables) for c in step.changes)
    report = BatchReport(pipeline, attempt.number, BatchState.COMMITTED, dict(figures), seconds, changes)
    runtime.batches.move(attempt, BatchState.COMMITTED, clock.now(), report=_as_text(report))
    return report


def settle(runtime: Runtime, pipeline: Pipeline, last_batch: int) -> None:
    """Bring the control store up to the store, which is the truth, after a crash between the two or a restored file."""
    latest = runtime.batches.latest(pipeline)
    if latest is None:
        return
    if latest.number <= last_batch and latest.state in {BatchState.STAGED, BatchState.FAILED}:
        runtime.batches.move(latest, BatchState.COMMITTED, runtime.clock.now())
    elif latest.number > last_batch + (latest.state is not BatchState.COMMITTED):  # only the next one may be unfinished
        logger.warning("%s: the store is at batch %d, the control store at %d; numbering follows the store",
                       pipeline, last_batch, latest.number)  # fmt: skip
        runtime.batches.forget(pipeline)


def _check_milestoning(pipeline: Pipeline, wanted: Milestoning, recorded: Milestoning | None) -> None:
    if recorded is not None and recorded is not wanted:
        raise SchemaRefused(
            f"pipeline {pipeline} is kept {recorded.value} (asked for {wanted.value})",
            hint="declare another platform for the other milestoning",
        )


def _fail(runtime: Runtime, attempt: Attempt, exc: BaseException) -> None:
    held = isinstance(exc, DeletesHeld)
    text = exc.what if isinstance(exc, MilepostError) else f"{type(exc).__name__}: {exc}"
    runtime.batches.move(attempt, BatchState.HELD if held else BatchState.FAILED, runtime.clock.now(), error=text)


def _as_text(report: BatchReport) -> str:
    figures = {name: asdict(f) for name, f in report.datasets.items()}
    return json.dumps({"datasets": figures, "seconds": report.seconds, "schema_changes": report.schema_changes})
