"""The demo's backfills: all shops at once, then their totals against what the look-alike really drew."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from milepost.cli import backfilling
from milepost.cli.days import Days
from milepost.cli.demo.outcome import Outcome
from milepost.cli.demo.plan import LIVE
from milepost.cli.demo.world import World

if TYPE_CHECKING:
    from milepost.cli.progress import Updates


def backfill_all(world: World, bar: Updates, stop: threading.Event) -> list[Outcome]:
    """Backfill every shop, each in a thread of its own. Raises what a backfill raises: the first failure stops all."""
    with ThreadPoolExecutor(len(world.plan.shops), thread_name_prefix="shop") as pool:
        running = [pool.submit(_backfill, world, shop.slug, bar, stop) for shop in world.plan.shops]
        try:
            done = [future.result() for future in running]
        except BaseException:
            stop.set()
            raise
    return [_outcome(world, one) for one in done]


@dataclass(frozen=True, slots=True)
class _Done:
    """A finished backfill: whose, the rows of its catalogue, how long it took, its status document."""

    client: str
    rows: int
    seconds: float
    status: dict[str, object]


def _backfill(world: World, client: str, bar: Updates, stop: threading.Event) -> _Done:
    wiring, clock = world.wiring, world.wiring.clock
    aim = backfilling.target(wiring, client, LIVE)
    part = _Part(client, bar)
    began = clock.monotonic()
    with backfilling.reading(wiring, aim, stop) as source:
        backfilling.begin(wiring, source, aim, Days(world.plan.start, world.plan.last))
        done = backfilling.work(wiring, source, aim, part, stop)
    seconds = clock.monotonic() - began
    status = backfilling.status(wiring, done.record)
    backfilling.check(status)
    return _Done(client, done.catalogue.total.read if done.catalogue else 0, seconds, status)


def _outcome(world: World, done: _Done) -> Outcome:
    rows = done.rows + int(str(done.status["total_orders"]))
    verified, mismatched = int(str(done.status["verified_days"])), int(str(done.status["mismatched_days"]))
    wrong = mismatched + _differs(world, done.client, done.status)
    return Outcome(f"backfill {done.client}", rows, done.seconds, verified, wrong, "days")


def _differs(world: World, client: str, status: dict[str, object]) -> int:
    """1 where the sums differ from what the look-alike drew, which it never tells through its API."""
    truth = world.klaviyo.expected(client)
    return int((truth.orders, truth.revenue) != (status["total_orders"], status["revenue"]))


class _Part:
    """A shop's share of the progress: its catalogue and days under its own name."""

    def __init__(self, client: str, bar: Updates) -> None:
        self._client, self._bar = client, bar

    def update(self, part: str, done: float, total: float | None, note: str = "") -> None:
        """Pass it on."""
        self._bar.update(f"{self._client} {part}", done, total, note)
