"""`milepost demo`: everything once, on this machine, with proof. The steps live in `milepost.cli.demo`."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from milepost.cli.call import Call
from milepost.cli.verb import home_option, verb

if TYPE_CHECKING:
    from milepost.cli.demo.outcome import Outcome
    from milepost.cli.demo.plan import Plan
    from milepost.cli.demo.world import World

_HOME = Path("demo")


@verb(
    "demo",
    examples=[
        ("everything, into the folder ./demo", "milepost demo"),
        ("what it would do", "milepost demo --dry-run"),
        ("leave the look-alikes running to play with", "milepost demo --keep"),
    ],
)
@click.option("--dry-run", is_flag=True, help="Print the plan, and touch nothing.")
@click.option("--keep", is_flag=True, help="Leave the look-alikes running until Ctrl+C.")
@click.option("--orders", type=click.IntRange(min=100), metavar="N", help="Orders of each shop (default: 34000).")
@home_option
def demo(call: Call, *, dry_run: bool, keep: bool, orders: int | None) -> None:
    """Everything once on this machine, in under a minute, without any key.

    Backfills a year of three invented shops from a look-alike of Klaviyo, takes snapshots of a changing PostgreSQL
    database into a live and a forensic platform, and compares every total with its source. The data stay in the folder
    (--home, default: demo); the next demo begins anew.
    """
    from dataclasses import replace

    from milepost.cli.demo.plan import plan
    from milepost.clock import SystemClock

    made = plan(call.home or _HOME, SystemClock().now().date())
    made = replace(made, orders=orders) if orders else made
    if dry_run:
        call.out.result({"dry_run": True, "home": made.home, "steps": made.steps}, lambda: _print_plan(call, made))
        return
    _run(call, made, keep=keep)


def _run(call: Call, plan: Plan, *, keep: bool) -> None:
    from milepost.cli.demo import steps
    from milepost.cli.demo.home import fresh
    from milepost.cli.demo.world import world
    from milepost.cli.signals import clean_stop
    from milepost.clock import SystemClock

    clock = SystemClock()
    began = clock.monotonic()
    fresh(plan.home)
    with clean_stop("milepost demo, which begins anew", silent=call.out.silent) as stop:
        call.out.say("starting the look-alikes …", style="dim")
        with world(plan) as made:
            outcomes = steps.everything(call, made, stop)
            seconds = clock.monotonic() - began
            document = {
                "home": plan.home.resolve(),
                "seconds": round(seconds, 3),
                "steps": [outcome.as_dict() for outcome in outcomes],
                "mismatches": sum(outcome.mismatches or 0 for outcome in outcomes),
            }
            call.out.result(document, lambda: _print(call, plan, outcomes, seconds))
            if keep:
                _hold(call, made, stop)
    _check(outcomes)
    call.out.say("🎉 Demo finished")


def _hold(call: Call, made: World, stop: threading.Event) -> None:
    call.out.say(f"\nThe look-alikes are running ({made.klaviyo.url}); Ctrl+C ends them.", style="bold")
    stop.wait()


def _check(outcomes: Sequence[Outcome]) -> None:
    from milepost.errors import SourceMismatch

    wrong = [outcome.step for outcome in outcomes if outcome.mismatches]
    if wrong:
        raise SourceMismatch(
            f"demo: totals differ from their source in {', '.join(wrong)} (expected in none)",
            hint="this is a fault in Milepost: please report it, with the folder of the demo",
        )


def _print_plan(call: Call, plan: Plan) -> None:
    call.out.line(f"The demo in {plan.home} would:", style="bold")
    for number, step in enumerate(plan.steps, 1):
        call.out.line(f"  {number}. {step}")
    call.out.line("\nNothing was done.")


def _print(call: Call, plan: Plan, outcomes: Sequence[Outcome], seconds: float) -> None:
    from milepost.cli import numbers
    from milepost.cli.tables import Column

    titles = ("rows", "time", "rows/s", "verified", "mismatches")
    columns = [Column("step"), *(Column(title, right=True) for title in titles)]
    rows = [
        [
            outcome.step,
            numbers.count(outcome.rows),
            numbers.seconds(outcome.seconds),
            numbers.rate(outcome.rows, outcome.seconds).removesuffix("/s"),
            "" if outcome.verified is None else f"{outcome.verified:,} {outcome.unit}",
            "" if outcome.mismatches is None else numbers.count(outcome.mismatches),
        ]
        for outcome in outcomes
    ]
    call.out.line()
    call.out.table(columns, rows)
    total = sum(outcome.rows for outcome in outcomes)
    call.out.line(
        f"\n{total:,} rows in {numbers.seconds(seconds)}, the start of the look-alikes included", style="bold"
    )
    call.out.line("\nWhat to try next")
    for line in _next(plan):
        call.out.line(f"  {line}")
    call.out.line()


def _next(plan: Plan) -> tuple[str, ...]:
    first = plan.shops[0].slug
    return (
        f"cd {plan.home}",
        "milepost backfill status",
        "milepost query --tables",
        f'milepost query "SELECT date, count(*), sum(value) FROM live__{first}.orders GROUP BY 1 ORDER BY 1"',
        "milepost history customer_db.customers id=C000001",
        "milepost status",
    )
