"""The demo's snapshots: customer_db changes, both platforms read it, and each table is compared with the source itself."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from milepost.batch import BatchReport, Pipeline
from milepost.cli.demo.outcome import Outcome
from milepost.cli.demo.plan import DATABASE, FORENSIC, LIVE
from milepost.cli.demo.world import World
from milepost.cli.rows import read
from milepost.milestoning import OPEN_BATCH

if TYPE_CHECKING:
    from milepost.cli.progress import Updates

_TABLES = ("customers", "addresses")
# Tables and columns of the worked example: fixed names, nothing that a person gives.
_IN_SOURCE = {table: f'SELECT count(*), count(DISTINCT "id") FROM "{table}"' for table in _TABLES}
_IN_LIVE = {table: f"SELECT count(*), count(DISTINCT id) FROM {LIVE}__{DATABASE}.{table}" for table in _TABLES}
_IN_FORENSIC = {
    table: f"SELECT count(*), count(DISTINCT id) FROM {FORENSIC}__{DATABASE}.{table} WHERE _batch_out = {OPEN_BATCH}"
    for table in _TABLES
}


def snapshot_all(world: World, bar: Updates, stop: threading.Event) -> list[Outcome]:
    """Change, read, read: round by round; then compare. Raises what an ingest raises."""
    reports: dict[str, list[BatchReport]] = {LIVE: [], FORENSIC: []}
    for number in range(world.plan.rounds):
        if number:
            _change(world, number, stop)
        for platform, made in reports.items():
            made.append(_ingest(world, platform, stop))
            bar.update("snapshots", number * 2 + len(reports) - (platform == LIVE), world.plan.rounds * 2)
    wrong = _compare(world)
    return [_outcome(platform, made, wrong[platform]) for platform, made in reports.items()]


def _outcome(platform: str, made: list[BatchReport], wrong: int) -> Outcome:
    rows = sum(report.total.read for report in made)
    seconds = sum(sum(report.seconds.values()) for report in made)
    return Outcome(f"{DATABASE} into {platform} x{len(made)}", rows, seconds, len(_TABLES) - wrong, wrong, "tables")


def _change(world: World, seed: int, stop: threading.Event) -> None:
    from milepost.sandbox.changes import ChangeSimulator

    ChangeSimulator(world.dsn, seed=seed, max_changes=world.plan.changes, changes_per_transaction=20).run(stop)


def _ingest(world: World, platform: str, stop: threading.Event) -> BatchReport:
    from milepost.engine.ingest import Ingest, ingest

    wiring = world.wiring
    datastore = wiring.ecosystem.datastore(DATABASE)
    source = wiring.source(datastore)
    try:
        # customer_db begins with 13 rows: the guard against mass deletion would hold a demo that grows from so few.
        order = Ingest(
            Pipeline(platform, DATABASE), wiring.ecosystem.platform(platform).milestoning, None, stopped=stop.is_set
        )
        return ingest(wiring.runtime, source, datastore.chosen(source.datasets()), order)
    finally:
        source.close()


def _compare(world: World) -> dict[str, int]:
    """How many tables differ from the source's, by platform: rows and keys of what is true now."""
    import psycopg

    with psycopg.connect(world.dsn) as connection:
        truth = {table: connection.execute(sql).fetchone() for table, sql in _IN_SOURCE.items()}
    wrong = {}
    for platform, statements in ((LIVE, _IN_LIVE), (FORENSIC, _IN_FORENSIC)):
        found = {}
        for table, sql in statements.items():
            with world.wiring.store.query(sql) as answer:
                found[table] = read(answer, None).rows[0]
        wrong[platform] = sum(found[table] != truth[table] for table in _TABLES)
    return wrong
