"""`milepost backfill cancel`: asks another process to stop; nothing is killed."""

from __future__ import annotations

import click

from milepost.cli.call import Call
from milepost.cli.verb import home_option, verb


@verb("cancel", examples=[("from another terminal", "milepost backfill cancel acme")])
@click.argument("client")
@click.option("--platform", metavar="NAME", help="The platform it is kept on (default: the first live one).")
@home_option
def cancel(call: Call, *, client: str, platform: str | None) -> None:
    """Ask the process that works on a backfill to stop.

    It stops after the batch in progress; everything committed is kept, and `resume` goes on.
    """
    from milepost.cli import backfilling
    from milepost.cli.opened import opened
    from milepost.progress import BackfillStatus

    with opened(call) as wiring:
        aim = backfilling.target(wiring, client, platform)
        record = backfilling.recorded(wiring, aim)
        running = record.status is BackfillStatus.IN_PROGRESS
        if running:
            wiring.runtime.backfills.request_cancel(aim.pipeline)
    said = "asked to stop" if running else f"nothing to stop: it is {record.status.value}"
    document = {"client_id": client, "status": "cancelling" if running else record.status, "message": said}
    call.out.result(document, lambda: call.out.line(f"{client}: {said}"))
