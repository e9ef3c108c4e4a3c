"""`milepost backfill verify`: stored days against the source's own totals; changes no row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from milepost.cli.call import Call
from milepost.cli.verb import home_option, verb

if TYPE_CHECKING:
    from milepost.progress import DayRecord


@verb(
    "verify",
    examples=[
        ("every day of a client", "milepost backfill verify acme"),
        ("for a script: exit 1 where a day differs", "milepost backfill verify acme --json"),
    ],
)
@click.argument("client")
@click.option("--platform", metavar="NAME", help="The platform it is kept on (default: the first live one).")
@home_option
def verify(call: Call, *, client: str, platform: str | None) -> None:
    """Compare every stored day with Klaviyo's own totals.

    Orders and revenue of each day that is done and over are compared with what Klaviyo counts for it. Days that differ
    are shown with both numbers. Exits with 1 if one does.
    """
    from milepost.cli import backfilling
    from milepost.cli.opened import opened

    with opened(call) as wiring:
        aim = backfilling.target(wiring, client, platform)
        backfilling.recorded(wiring, aim)
        with backfilling.reading(wiring, aim) as source:
            different = backfilling.compare(wiring, source, aim)
        document = backfilling.status(wiring, backfilling.recorded(wiring, aim))
    days = [
        {
            "day": d.day,
            "orders": d.rows,
            "revenue": d.value,
            "source_orders": d.source_rows,
            "source_revenue": d.source_value,
        }
        for d in different
    ]
    call.out.result({**document, "mismatches": days}, lambda: _print(call, document, different))
    backfilling.check(document)


def _print(call: Call, document: dict[str, object], different: Sequence[DayRecord]) -> None:
    from milepost.cli.cells import cell
    from milepost.cli.tables import Column

    if different:
        titles = ("orders stored", "at the source", "revenue stored", "at the source")
        columns = [Column("day"), *(Column(title, right=True) for title in titles)]
        rows = [[str(d.day), *map(cell, (d.rows, d.source_rows, d.value, d.source_value))] for d in different]
        call.out.table(columns, rows)
        call.out.line()
    verified = f"{document['verified_days']} days verified, {document['mismatched_days']} mismatched"
    call.out.line(f"{document['client_id']}: {verified}", style="red" if different else "green")
