"""`milepost backfill start`: from a range of days to orders, campaigns and flows in the store."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from milepost.cli.call import Call
from milepost.cli.verb import home_option, verb

if TYPE_CHECKING:
    from milepost.cli.backfilling import Account
    from milepost.cli.days import Days
    from milepost.dataset import Dataset


@verb(
    "start",
    examples=[
        ("the last year", "milepost backfill start acme --years 1"),
        (
            "two months, into the platform that keeps all versions",
            "milepost backfill start acme --start 2026-01-01 --end 2026-02-28 --platform forensic",
        ),
        ("the last 30 days", "milepost backfill start acme --start -30d"),
        ("which requests would be sent", "milepost backfill start acme --dry-run"),
    ],
)
@click.argument("client")
@click.option("--years", type=float, metavar="N", help="So many years up to today; fractions allowed (default: 1).")
@click.option("--start", "first", metavar="DAY", help="First day, in the account's time zone.")
@click.option("--end", "last", metavar="DAY", help="Last day (default: today).")
@click.option("--platform", metavar="NAME", help="The platform to keep it on (default: the first live one).")
@click.option("--no-orders", is_flag=True, help="Only campaigns, flows and the rest of the catalogue.")
@click.option("--dry-run", is_flag=True, help="Show the requests that would be sent first, and send none.")
@home_option
def start(
    call: Call,
    *,
    client: str,
    years: float | None,
    first: str | None,
    last: str | None,
    platform: str | None,
    no_orders: bool,
    dry_run: bool,
) -> None:
    """Read the past of a client's account, day by day.

    The orders of every day come first, then campaigns, flows and their statistics, then every day is compared with
    Klaviyo's own totals. Days that are done stay done. Ctrl+C stops after the batch in progress.
    """
    from milepost.cli import backfilling, figures
    from milepost.cli.opened import opened
    from milepost.cli.signals import clean_stop

    with opened(call) as wiring:
        aim = backfilling.target(wiring, client, platform)
        if dry_run:
            with backfilling.reading(wiring, aim) as source:
                _plan(call, source, _days(wiring.clock.now().date(), years, first, last))
            return
        resume = f"milepost backfill resume {client}"
        with (
            clean_stop(resume, silent=call.out.silent) as stop,
            backfilling.reading(wiring, aim, stop) as source,
            call.out.progress(client) as bar,
        ):
            began = wiring.clock.monotonic()
            days = _days(wiring.clock.now().astimezone(source.zone).date(), years, first, last)
            backfilling.begin(wiring, source, aim, days, orders=not no_orders)
            done = backfilling.work(wiring, source, aim, bar, stop)
            seconds = wiring.clock.monotonic() - began
        document = backfilling.status(wiring, done.record)
    whole = {
        **document,
        "seconds": round(seconds, 3),
        "catalogue": figures.document(done.catalogue) if done.catalogue else None,
    }
    call.out.result(whole, lambda: backfilling.show(call, document, seconds))
    backfilling.check(document)


def _days(today: date, years: float | None, first: str | None, last: str | None) -> Days:
    from milepost.cli.days import last_years, parse_days

    if years is not None and (first or last):
        raise click.UsageError("give --years, or --start and --end, not both")
    if first is None and last is not None:
        raise click.UsageError("--end needs --start")
    return parse_days(first, last or "today", today) if first else last_years(1 if years is None else years, today)


def _plan(call: Call, source: Account, days: Days) -> None:
    from datetime import UTC, datetime, time, timedelta

    from milepost.cursor import Window
    from milepost.wiring import ORDERS

    # The account's time zone is known to the account only, and a dry run asks nobody: the days are UTC's here.
    whole = Window(
        datetime.combine(days.start, time.min, UTC), datetime.combine(days.end + timedelta(days=1), time.min, UTC)
    )
    rows = [row for dataset in source.datasets() for row in _requests(source, dataset)]
    rows += [[ORDERS, r.method, r.url, r.note] for r in source.plan_requests(ORDERS, [whole])]
    names = ("for", "method", "url", "note")
    document = {
        "dry_run": True,
        "start": days.start,
        "end": days.end,
        "requests": [dict(zip(names, row, strict=True)) for row in rows],
    }

    def show() -> None:
        call.out.line(f"would read {days} ({days.count} days); nothing was sent\n")
        for name, method, url, note in rows:
            call.out.line(f"{name:16} {method} {url}")
            call.out.line(f"{'':16} {note}", style="dim")

    call.out.result(document, show)


def _requests(source: Account, dataset: Dataset) -> list[list[str]]:
    from milepost.errors import UnknownName

    try:
        planned = source.plan_requests(dataset.name)
    except UnknownName:  # a report: what it is asked for depends on what the catalogue says
        return [[dataset.name, *dataset.origin.partition(" ")[::2], "asked for once its campaigns or flows are known"]]
    return [[dataset.name, request.method, request.url, request.note] for request in planned]
