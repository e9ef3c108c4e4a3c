"""`milepost backfill retry`: the failed days, once more."""

from __future__ import annotations

import click

from milepost.cli.call import Call
from milepost.cli.verb import home_option, verb


@verb("retry", examples=[("the days that `status` shows as failed", "milepost backfill retry acme")])
@click.argument("client")
@click.option("--platform", metavar="NAME", help="The platform it is kept on (default: the first live one).")
@home_option
def retry(call: Call, *, client: str, platform: str | None) -> None:
    """Read the failed days again, and only those.

    Where no day failed, nothing is read.
    """
    from milepost.cli.backfilling import go_on

    go_on(call, client, platform, failed_only=True)
