"""`milepost status`: the last batches and what they did. The figures are those of the store and the control store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from milepost.cli.call import Call
from milepost.cli.verb import home_option, verb

_SHOWN = 20
_COLORS = {"committed": "32", "failed": "31", "held": "33"}
_FIGURES = ("read", "inserted", "updated", "deleted", "refused")
_SOURCE = {"refused": "quarantined"}


@verb(
    "status",
    examples=[
        ("the last batches", "milepost status"),
        ("those of one datastore", "milepost status customer_db --limit 5"),
        ("with every figure, for a program", "milepost status --json"),
    ],
)
@click.argument("datastore", required=False)
@click.option("--platform", metavar="NAME", help="Only batches of this platform.")
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", default=_SHOWN, show_default=True, help="Batches at most."
)
@home_option
def status(call: Call, *, datastore: str | None, platform: str | None, limit: int) -> None:
    """Show the last batches and their figures.

    A batch is the unit in which a datastore's rows reach a platform. One that failed is tried again under its number; one
    that is held waits for a person.
    """
    from milepost.cli.opened import opened

    with opened(call) as wiring:
        name = wiring.ecosystem.datastore(datastore).name if datastore else None
        found = [
            _record(attempt) for attempt in wiring.runtime.batches.recent(limit, platform=platform, datastore=name)
        ]
    call.out.result({"batches": found}, lambda: _print(call, found))


def _record(attempt: Mapping[str, Any]) -> dict[str, Any]:
    """An attempt with the report of a committed one taken apart."""
    import orjson

    report = orjson.loads(attempt["report"]) if attempt["report"] else {}
    datasets: dict[str, dict[str, int]] = report.get("datasets", {})
    total = {name: sum(figures[_SOURCE.get(name, name)] for figures in datasets.values()) for name in _FIGURES}
    plain = {name: value for name, value in attempt.items() if name != "report"}
    return {**plain, **report, "total": total if datasets else None}


def _print(call: Call, found: Sequence[Mapping[str, Any]]) -> None:
    from milepost.cli.tables import Column

    if not found:
        call.out.line("no batch was ever made")
        call.out.say("make one: milepost ingest, milepost backfill start, or milepost demo", style="dim")
        return
    columns = [Column("pipeline"), Column("batch", right=True), Column("state")]
    columns += [*(Column(name, right=True) for name in (*_FIGURES, "time")), Column("changed")]
    call.out.table(columns, [_row(call, one) for one in found])
    for one in found:
        if one["error"] and one["state"] in {"failed", "held"}:
            call.out.line(
                f"\n{one['platform']}/{one['datastore']} batch {one['number']} {one['state']}: {one['error']}"
            )


def _row(call: Call, one: Mapping[str, Any]) -> list[str]:
    from milepost.cli import numbers

    changed = str(one["changed_at"])[:19].replace("T", " ") + "Z"
    number = str(one["number"]) if one["attempt"] == 1 else f"{one['number']}.{one['attempt']}"
    figures = [numbers.count(one["total"][name]) if one["total"] else "" for name in _FIGURES]
    took = numbers.seconds(sum(one["seconds"].values())) if one.get("seconds") else ""
    state = str(one["state"])
    if call.out.rich.is_terminal and not call.out.rich.no_color:
        state = f"\x1b[{_COLORS.get(state, '36')}m{state}\x1b[0m"
    return [f"{one['platform']}/{one['datastore']}", number, state, *figures, took, changed]
