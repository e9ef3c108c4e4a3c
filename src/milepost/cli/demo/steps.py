"""The demo's steps in their order, each announced as it ends. What a step does is in the modules beside this one."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from milepost.cli import numbers
from milepost.cli.call import Call
from milepost.cli.demo.backfills import backfill_all
from milepost.cli.demo.outcome import Outcome
from milepost.cli.demo.report import write_report
from milepost.cli.demo.snapshots import snapshot_all
from milepost.cli.demo.world import World


def everything(call: Call, world: World, stop: threading.Event) -> list[Outcome]:
    """Run every step. Raises what a step raises; what was committed until then stays in the folder."""
    clock = world.wiring.clock
    outcomes: list[Outcome] = []
    with call.out.progress("") as bar:
        for said, step in (
            ("shops backfilled", backfill_all),
            ("snapshots taken", snapshot_all),
            ("report written", write_report),
        ):
            began = clock.monotonic()
            made = step(world, bar, stop)
            outcomes += made
            _announce(call, said, made, clock.monotonic() - began)
    return outcomes


def _announce(call: Call, said: str, made: Sequence[Outcome], seconds: float) -> None:
    rows = sum(outcome.rows for outcome in made)
    wrong = sum(outcome.mismatches or 0 for outcome in made)
    compared = any(outcome.verified is not None for outcome in made)
    proof = f"; {wrong} differ" if wrong else "; every total is the source's own" if compared else ""
    call.out.say(
        f"{'✗' if wrong else '✓'} {said}: {rows:,} rows in {numbers.seconds(seconds)}{proof}",
        style="red" if wrong else "green",
    )
