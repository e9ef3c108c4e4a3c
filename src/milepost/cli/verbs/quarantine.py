"""`milepost quarantine`: the rows that were refused, and why. Refusing is the sources' and the merge's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from milepost.cli.call import Call
from milepost.cli.verb import home_option, verb

if TYPE_CHECKING:
    from milepost.cli.rows import Rows

_SHOWN = 50
_COUNTS = """
SELECT platform, datastore, dataset, reason, count(*) AS "rows", max(refused_at) AS last
FROM _milepost.quarantine
WHERE ($1 IS NULL OR datastore = $1) AND ($2 IS NULL OR dataset = $2) AND ($3 IS NULL OR platform = $3)
GROUP BY ALL ORDER BY "rows" DESC, dataset, reason
"""
_ROWS = """
SELECT platform, datastore, batch, dataset, row_key, reason, row_text, refused_at
FROM _milepost.quarantine
WHERE ($1 IS NULL OR datastore = $1) AND ($2 IS NULL OR dataset = $2) AND ($3 IS NULL OR platform = $3)
ORDER BY refused_at DESC, dataset, row_key
"""


@verb(
    "quarantine",
    examples=[
        ("the newest ones", "milepost quarantine"),
        ("how many, by reason", "milepost quarantine --summary"),
        ("those of one dataset, with the rows as they came", "milepost quarantine acme.orders --json"),
    ],
)
@click.argument("dataset", metavar="[DATASTORE[.DATASET]]", required=False, default="")
@click.option("--platform", metavar="NAME", help="Only those of this platform.")
@click.option("--summary", is_flag=True, help="Count them by reason.")
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", default=_SHOWN, show_default=True, help="Rows at most."
)
@home_option
def quarantine(call: Call, *, dataset: str, platform: str | None, summary: bool, limit: int) -> None:
    """List the rows that were refused, and why.

    A row that cannot be understood is kept here with its batch and a reason; it is never guessed and never dropped.
    """
    from milepost.cli.opened import opened_with_data
    from milepost.cli.rows import read

    datastore, _, name = dataset.partition(".")
    values = (datastore or None, name or None, platform)
    with opened_with_data(call) as wiring, wiring.store.query(_COUNTS if summary else _ROWS, values) as answer:
        rows = read(answer, limit)
    call.out.result({"rows": rows.records(), "more": rows.more}, lambda: _print(call, rows))


def _print(call: Call, rows: Rows) -> None:
    from milepost.cli.cells import cell
    from milepost.cli.tables import Column

    if not rows.rows:
        call.out.line("nothing is in quarantine", style="green")
        return
    columns = [Column(name, right=number) for name, number in zip(rows.names, rows.numeric, strict=True)]
    call.out.table(columns, [[cell(value) for value in row] for row in rows.rows])
    if rows.more:
        call.out.say(f"(the first {len(rows.rows)}; --limit shows more)", style="dim")
