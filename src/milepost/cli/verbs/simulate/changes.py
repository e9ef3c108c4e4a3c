"""`milepost simulate changes`: customer_db under change, in the caller's PostgreSQL or one of our own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from milepost.cli.call import Call
from milepost.cli.verb import verb
from milepost.errors import SourceUnavailable

if TYPE_CHECKING:
    from milepost.sandbox.changes import ChangeFigures

_DATABASE = "customer_db"


@verb(
    "changes",
    examples=[
        ("a PostgreSQL of its own, five changes a second until Ctrl+C", "milepost simulate changes"),
        ("a thousand changes, as fast as possible", "milepost simulate changes --rate 0 --max-changes 1000"),
        (
            "in a database of yours that has the tables",
            "milepost simulate changes --dsn postgresql://me@localhost/shop",
        ),
    ],
)
@click.option("--dsn", metavar="URL", help="The PostgreSQL database to change (default: one of our own, in --folder).")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("milepost-home/sandbox/postgres"),
    show_default=True,
    help="Where our own PostgreSQL keeps its files.",
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0),
    metavar="N",
    default=5.0,
    show_default=True,
    help="Changes a second; 0: no pause.",
)
@click.option("--max-changes", type=click.IntRange(min=1), metavar="N", help="Stop after so many changes.")
@click.option(
    "--duration", type=click.FloatRange(min=0, min_open=True), metavar="N", help="Stop after so many seconds."
)
@click.option(
    "--per-transaction",
    type=click.IntRange(min=1),
    metavar="N",
    default=1,
    show_default=True,
    help="Changes in one commit.",
)
@click.option(
    "--seed", type=int, metavar="N", default=0, show_default=True, help="The same seed makes the same changes."
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
def changes(
    call: Call,
    *,
    dsn: str | None,
    folder: Path,
    rate: float,
    max_changes: int | None,
    duration: float | None,
    per_transaction: int,
    seed: int,
    dry_run: bool,
) -> None:
    """Change the customers of a customer_db, again and again.

    Customers and addresses are inserted, updated and deleted; every reference stays whole. Ctrl+C ends it after the
    transaction in progress. The tables are made where they are missing.
    """
    if dry_run:
        where = call.redact(dsn) if dsn else f"a PostgreSQL of our own in {folder}"
        plan = {"dry_run": True, "database": where, "rate": rate or None, "max_changes": max_changes, "seed": seed}
        call.out.result(
            plan, lambda: call.out.line(f"would change customers and addresses in {where}; nothing was done")
        )
        return
    from milepost.cli.signals import clean_stop
    from milepost.sandbox.changes import ChangeSimulator

    with _database(call, dsn, folder) as target, clean_stop("the same command", silent=call.out.silent) as stop:
        simulator = ChangeSimulator(
            target,
            seed=seed,
            rate=rate or None,
            max_changes=max_changes,
            duration=duration,
            changes_per_transaction=per_transaction,
        )
        with call.out.progress("customer_db") as bar:
            figures = simulator.run(stop, lambda now: bar.update("changes", now.changes, max_changes))
    call.out.result(figures.as_dict(), lambda: _print(call, figures))


@contextmanager
def _database(call: Call, dsn: str | None, folder: Path) -> Iterator[str]:
    from milepost.sandbox.customer_db import create_customer_db

    if dsn is not None:
        import psycopg

        try:
            create_customer_db(dsn)
        except psycopg.Error as exc:
            raise SourceUnavailable(
                f"simulate changes: the tables cannot be made in {call.redact(dsn)}: {str(exc).splitlines()[0]}",
                hint="look at the address, the user's rights, and whether the server runs",
            ) from exc
        yield dsn
        return
    from milepost.cli.sandbox_postgres import customer_database

    with customer_database(folder, _DATABASE) as (own, environment):
        call.out.say(f"PostgreSQL is up; {environment} has the PG_… variables to reach {_DATABASE}")
        yield own


def _print(call: Call, figures: ChangeFigures) -> None:
    from milepost.cli import numbers
    from milepost.cli.tables import Column

    columns = [Column("table"), *(Column(title, right=True) for title in ("inserted", "updated", "deleted"))]
    kinds = (figures.inserts, figures.updates, figures.deletes)
    call.out.table(columns, [[t, *(numbers.count(kind[t]) for kind in kinds)] for t in sorted(figures.inserts)])
    said = f"{numbers.plural(figures.changes, 'change')} in {numbers.plural(figures.transactions, 'transaction')}"
    call.out.line(f"{said}, {numbers.seconds(figures.seconds)} ({numbers.rate(figures.changes, figures.seconds)})")
