"""`milepost report`: the campaign metrics of clients in the one reporting schema. What it is made of is `cli.reporting`."""

from __future__ import annotations

from pathlib import Path

import click

from milepost.cli.call import Call
from milepost.cli.verb import home_option, verb


@verb(
    "report",
    examples=[
        ("the campaigns of a client", "milepost report acme -o acme.csv"),
        ("of several, in one spreadsheet", "milepost report acme north -o campaigns.xlsx"),
    ],
)
@click.argument("clients", metavar="CLIENT…", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help="The file to write: .csv, .xlsx, .parquet or .jsonl.",
)
@click.option("--platform", metavar="NAME", help="The platform it is kept on (default: the first live one).")
@home_option
def report(call: Call, *, clients: tuple[str, ...], output: Path, platform: str | None) -> None:
    """Write the campaign metrics CSV of the reporting schema.

    One row for each message of each campaign, the same columns for every source. Rows that cannot be read are counted
    and shown, never guessed.
    """
    import pyarrow as pa

    from milepost.cli import backfilling, numbers
    from milepost.cli.opened import opened_with_data
    from milepost.cli.reporting import campaign_report

    with opened_with_data(call) as wiring:
        aims = [backfilling.target(wiring, client, platform) for client in clients]
        mapped = [campaign_report(wiring, aim) for aim in aims]
        written = wiring.write_file(pa.concat_tables([one.rows for one in mapped]), output)
    refused = [row for one in mapped for row in one.refused.to_pylist()]
    document = {"path": written.path, "rows": written.rows, "bytes": written.bytes, "refused": refused}
    said = f"{written.path}: {numbers.plural(written.rows, 'row')}, {len(refused)} refused"
    call.out.result(document, lambda: call.out.line(said))
    for row in refused[:5]:
        call.out.say(f"refused: {row['reason']}", style="yellow")
