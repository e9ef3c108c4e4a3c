"""`milepost backfill resume`: goes on where a backfill stopped."""

from __future__ import annotations

import click

from milepost.cli.call import Call
from milepost.cli.verb import home_option, verb


@verb("resume", examples=[("after Ctrl+C, a crash or a lost network", "milepost backfill resume acme")])
@click.argument("client")
@click.option("--platform", metavar="NAME", help="The platform it is kept on (default: the first live one).")
@home_option
def resume(call: Call, *, client: str, platform: str | None) -> None:
    """Go on with a backfill that was stopped.

    Days that are done are not read again; days under way and failed ones are.
    """
    from milepost.cli.backfilling import go_on

    go_on(call, client, platform, failed_only=False)
