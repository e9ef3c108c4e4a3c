"""`milepost simulate klaviyo`: the look-alike API in the foreground. How it answers is the sandbox's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from milepost.cli.call import Call
from milepost.cli.sandbox_shops import BY_SHAPE, SHOPS, account, variable
from milepost.cli.verb import verb

if TYPE_CHECKING:
    from milepost.sandbox.klaviyo import AccountSpec

_PORT = 8900


@verb(
    "klaviyo",
    examples=[
        ("one account, a year of orders, on port 8900", "milepost simulate klaviyo"),
        (
            "four shops of different kinds",
            "milepost simulate klaviyo --shop shopify --shop woocommerce --shop magento --shop api",
        ),
        ("an API that fails three times in ten", "milepost simulate klaviyo --fail 0.3"),
        ("use it from another terminal", "MILEPOST_KLAVIYO_URL=http://127.0.0.1:8900 milepost doctor"),
    ],
)
@click.option(
    "--shop",
    "shapes",
    type=click.Choice(tuple(BY_SHAPE)),
    multiple=True,
    default=(SHOPS[0].shape,),
    help="An account for each kind of shop named (default: shopify).",
)
@click.option(
    "--orders",
    type=click.IntRange(min=0),
    metavar="N",
    default=20_000,
    show_default=True,
    help="Orders of each account.",
)
@click.option("--start", metavar="DAY", default="-1y", show_default=True, help="First day with orders.")
@click.option("--end", metavar="DAY", default="yesterday", show_default=True, help="Last day with orders.")
@click.option("--seed", type=int, metavar="N", default=1, show_default=True, help="The same seed makes the same shops.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="N",
    default=_PORT,
    show_default=True,
    help="Port on 127.0.0.1; 0: any free one.",
)
@click.option(
    "--limits",
    type=click.Choice(("published", "off")),
    default="published",
    show_default=True,
    help="Klaviyo's request limits, or none.",
)
@click.option(
    "--fail",
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    default=0.0,
    help="Share of requests that fail, in ten ways.",
)
def klaviyo(
    call: Call,
    *,
    shapes: tuple[str, ...],
    orders: int,
    start: str,
    end: str,
    seed: int,
    port: int,
    limits: str,
    fail: float,
) -> None:
    """Start a look-alike of Klaviyo's API on this machine.

    It answers as Klaviyo does, limits and errors included, for invented shops; the keys it prints open nothing else.
    A shop is made once and kept in the cache folder. Ctrl+C ends it.
    """
    from datetime import timedelta

    from milepost.cli.days import parse_days
    from milepost.clock import SystemClock
    from milepost.sandbox.klaviyo import FaultPlan, run

    days = parse_days(start, end, SystemClock().now().date())
    after = days.end + timedelta(days=1)
    accounts = [
        account(BY_SHAPE[shape], orders, days.start, after, seed + place)
        for place, shape in enumerate(dict.fromkeys(shapes))
    ]
    call.out.say("making the shops …" if orders > 0 else "")
    try:
        run(
            accounts,
            limits="off" if limits == "off" else "published",
            faults=FaultPlan.storm(fail) if fail else None,
            port=port,
            announce=lambda line: _announce(call, line.split()[1], accounts),
        )
    except KeyboardInterrupt:
        call.out.say("stopped")
    except OSError as exc:
        raise click.UsageError(f"port {port} cannot be used: {exc.strerror}; --port 0 picks a free one") from exc


def _announce(call: Call, url: str, accounts: Sequence[AccountSpec]) -> None:
    import sys

    records = [
        {
            "client": a.slug,
            "key": a.key,
            "shop": a.shop,
            "timezone": a.timezone,
            "currency": a.currency,
            "orders": a.orders,
        }
        for a in accounts
    ]
    call.out.result({"url": url, "clients": records}, lambda: _print(call, url, accounts))
    sys.stdout.flush()


def _print(call: Call, url: str, accounts: Sequence[AccountSpec]) -> None:
    call.out.line(f"MILEPOST_KLAVIYO_URL={url}")
    for one in accounts:
        call.out.line(f"{variable(one.slug)}={one.key}")
    call.out.say("\nPut these lines into .env, then: milepost backfill start " + accounts[0].slug)
    call.out.say("Ctrl+C ends the look-alike.", style="dim")
