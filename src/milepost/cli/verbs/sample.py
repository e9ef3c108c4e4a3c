"""`milepost sample`: plausible campaign rows, for dashboards and tests. How they are drawn is the reporting's."""

from __future__ import annotations

from pathlib import Path

import click

from milepost.cli.call import Call
from milepost.cli.verb import home_option, verb


@verb(
    "sample",
    examples=[
        ("ten rows", "milepost sample -o sample.csv"),
        ("a year of a busy shop, in a spreadsheet", "milepost sample --rows 5000 -o sample.xlsx"),
    ],
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help="The file to write: .csv, .xlsx, .parquet or .jsonl.",
)
@click.option("--rows", type=click.IntRange(min=0), metavar="N", default=10, show_default=True, help="Campaigns.")
@click.option("--seed", type=int, metavar="N", default=1, show_default=True, help="The same seed makes the same rows.")
@click.option("--start", metavar="DAY", default="-1y", show_default=True, help="First day.")
@click.option("--days", type=click.IntRange(min=1), metavar="N", default=365, show_default=True, help="Days.")
@home_option
def sample(call: Call, *, output: Path, rows: int, seed: int, start: str, days: int) -> None:
    """Write plausible campaign report rows.

    They have the columns of the reporting schema; rates follow from counts, and counts from each other.
    """
    from milepost.cli import numbers
    from milepost.cli.days import parse_day
    from milepost.cli.opened import opened

    with opened(call) as wiring:
        first = parse_day(start, wiring.clock.now().date())
        table = wiring.sample_report(rows, seed=seed, start=first, days=days)
        written = wiring.write_file(table, output)
    document = {"path": written.path, "rows": written.rows, "bytes": written.bytes}
    call.out.result(document, lambda: call.out.line(f"{written.path}: {numbers.plural(written.rows, 'row')}"))
