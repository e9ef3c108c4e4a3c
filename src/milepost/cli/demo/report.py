"""The demo's report: the campaigns of every shop in the one reporting schema, as a CSV file."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from milepost.cli import backfilling
from milepost.cli.demo.outcome import Outcome
from milepost.cli.demo.plan import LIVE, REPORT
from milepost.cli.demo.world import World
from milepost.cli.reporting import campaign_report

if TYPE_CHECKING:
    from milepost.cli.progress import Updates


def write_report(world: World, bar: Updates, stop: threading.Event) -> list[Outcome]:
    """Write the file; rows that cannot be mapped count as mismatches. Raises StoreUnwritable."""
    import pyarrow as pa

    del stop  # it takes less than a second
    wiring, clock = world.wiring, world.wiring.clock
    began = clock.monotonic()
    bar.update("report", 0, 1)
    mapped = [campaign_report(wiring, backfilling.target(wiring, shop.slug, LIVE)) for shop in world.plan.shops]
    written = wiring.write_file(pa.concat_tables([one.rows for one in mapped]), world.plan.home / REPORT)
    bar.update("report", 1, 1)
    refused = sum(one.refused.num_rows for one in mapped)
    return [Outcome(f"campaign report {REPORT}", written.rows, clock.monotonic() - began, mismatches=refused)]
