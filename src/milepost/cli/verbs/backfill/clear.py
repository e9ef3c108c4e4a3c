"""`milepost backfill clear`: forgets a backfill, and its rows where asked to."""

from __future__ import annotations

import sys

import click

from milepost.cli.call import Call
from milepost.cli.verb import home_option, verb


@verb(
    "clear",
    examples=[
        ("forget which days were done; the rows stay", "milepost backfill clear acme"),
        ("forget the rows too, without a question", "milepost backfill clear acme --data --yes"),
    ],
)
@click.argument("client")
@click.option("--data", is_flag=True, help="Remove the client's rows from the store too.")
@click.option("--platform", metavar="NAME", help="The platform it is kept on (default: the first live one).")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Say what would be forgotten, and forget nothing.")
@home_option
def clear(call: Call, *, client: str, data: bool, platform: str | None, yes: bool, dry_run: bool) -> None:
    """Forget a backfill, and with --data its rows.

    Refused while a process works on it. What is removed with --data can be read again from Klaviyo only.
    """
    from milepost.cli import backfilling
    from milepost.cli.opened import opened
    from milepost.engine import backfill

    with opened(call) as wiring:
        aim = backfilling.target(wiring, client, platform)
        what = f"the backfill of {aim.pipeline}" + (" and all its rows" if data else "; its rows stay")
        if dry_run:
            document = {"dry_run": True, "client_id": client, "data": data}
            call.out.result(document, lambda: call.out.line(f"would forget {what}; nothing was done"))
            return
        if data and not yes:
            _ask(call, what)
        backfill.clear(wiring.runtime, aim.pipeline, rows=data)
    done = {"status": "cleared", "message": f"forgot {what}"}
    call.out.result(done, lambda: call.out.line(done["message"]))


def _ask(call: Call, what: str) -> None:
    """Let a person confirm. Raises UsageError where nobody can answer, Abort where the answer is no."""
    if call.json or not sys.stdin.isatty():
        raise click.UsageError("--data removes rows and nobody can be asked here: add --yes")
    click.confirm(f"Forget {what}?", abort=True, err=True)
