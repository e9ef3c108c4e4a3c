"""`milepost ingest`: one batch of a datastore into a platform. What a batch is and does is the engine's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from milepost.cli.call import Call
from milepost.cli.verb import home_option, verb

if TYPE_CHECKING:
    import threading

    from milepost.batch import BatchReport, Pipeline
    from milepost.dataset import Dataset
    from milepost.wiring import Wiring


@verb(
    "ingest",
    examples=[
        (
            "every table of customer_db, into the platform that keeps all versions",
            "milepost ingest customer_db --platform forensic",
        ),
        ("one table of it", "milepost ingest customer_db --platform live --dataset customers"),
        ("what would be read", "milepost ingest customer_db --platform live --dry-run"),
        ("after looking at a batch that was held", "milepost ingest customer_db --platform live --accept-deletes"),
    ],
)
@click.argument("datastore")
@click.option("--platform", metavar="NAME", help="The platform to keep it on (needed where there are several).")
@click.option("--dataset", metavar="NAME", help="Only this dataset.")
@click.option("--accept-deletes", is_flag=True, help="Apply the deletes of a snapshot, however many they are.")
@click.option(
    "--max-delete-share",
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    help="Hold a batch that deletes a larger share (default: MILEPOST_MAX_DELETE_SHARE).",
)
@click.option("--dry-run", is_flag=True, help="Say what would be read, and read no row.")
@home_option
def ingest(
    call: Call,
    *,
    datastore: str,
    platform: str | None,
    dataset: str | None,
    accept_deletes: bool,
    max_delete_share: float | None,
    dry_run: bool,
) -> None:
    """Read one batch of a datastore into a platform.

    All datasets are read from one consistent snapshot and become visible together, or not at all. A batch that would
    delete too much is held for you to look at.
    """
    from milepost.cli import figures, opened

    with opened.opened(call) as wiring:
        pipeline = opened.pipeline(wiring.ecosystem, datastore, platform)
        if dry_run:
            _plan(call, wiring, pipeline, dataset)
            return
        share = None if accept_deletes else max_delete_share
        if share is None and not accept_deletes:
            share = wiring.settings.max_delete_share
        from milepost.cli.signals import clean_stop

        with clean_stop("the same command; the batch is read anew", silent=call.out.silent) as stop:
            report = read_batch(call, wiring, pipeline, stop, only=dataset, share=share)
    call.out.result(figures.document(report), lambda: figures.show(call.out, report))


def read_batch(
    call: Call, wiring: Wiring, pipeline: Pipeline, stop: threading.Event, *, only: str | None, share: float | None
) -> BatchReport:
    """Make one batch, with progress. Raises SourceError, LeaseHeld, MergeError, StoreError, Stopped."""
    from milepost.engine.ingest import Ingest, ingest

    datastore = wiring.ecosystem.datastore(pipeline.datastore)
    milestoning = wiring.ecosystem.platform(pipeline.platform).milestoning
    source = wiring.source(datastore)
    try:
        datasets = datastore.chosen(source.datasets(), only)
        with call.out.progress(str(pipeline)) as bar:
            order = Ingest(
                pipeline,
                milestoning,
                share,
                lambda p: bar.update(p.dataset, p.rows, None),
                stop.is_set,
                whole=only is None and not datastore.datasets and datastore.source == "postgres",
            )
            return ingest(wiring.runtime, source, datasets, order)
    finally:
        source.close()


def _plan(call: Call, wiring: Wiring, pipeline: Pipeline, only: str | None) -> None:
    datastore = wiring.ecosystem.datastore(pipeline.datastore)
    source = wiring.source(datastore)
    try:
        datasets = datastore.chosen(source.datasets(), only)
    finally:
        source.close()
    number = wiring.store.checkpoint(pipeline).last_batch + 1 if wiring.store.path.exists() else 1
    document = {
        "dry_run": True,
        "platform": pipeline.platform,
        "datastore": pipeline.datastore,
        "batch": number,
        "datasets": [
            {"name": d.name, "key": d.key, "read_mode": d.read_mode, "columns": len(d.columns)} for d in datasets
        ],
    }
    call.out.result(document, lambda: _print_plan(call, pipeline, number, datasets))


def _print_plan(call: Call, pipeline: Pipeline, number: int, datasets: tuple[Dataset, ...]) -> None:
    from milepost.cli.tables import Column

    call.out.line(f"would read batch {number} of {pipeline}; nothing was read\n")
    columns = [Column("dataset"), Column("read mode"), Column("columns", right=True), Column("key")]
    rows = [[d.name, d.read_mode.value, str(len(d.columns)), ", ".join(d.key) or "none"] for d in datasets]
    call.out.table(columns, rows)
