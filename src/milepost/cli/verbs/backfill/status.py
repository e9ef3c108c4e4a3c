"""`milepost backfill status`: how far backfills are, once or until they are done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from milepost.cli.call import Call
from milepost.cli.verb import home_option, verb

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from milepost.progress import BackfillRecord
    from milepost.wiring import Wiring

_EVERY = 1.0
_COLORS = {"completed": "green", "failed": "red", "in_progress": "cyan", "cancelled": "yellow", "pending": "dim"}
_BAR, _WIDE = 16, 105
Documents = Sequence[dict[str, object]]


@verb(
    "status",
    examples=[
        ("every client", "milepost backfill status"),
        ("one client, until it is done", "milepost backfill status acme --watch"),
        ("for a program", "milepost backfill status --json"),
    ],
)
@click.argument("client", required=False)
@click.option("--platform", metavar="NAME", help="Only backfills into this platform.")
@click.option("-w", "--watch", is_flag=True, help="Show it again every second until nothing is in progress.")
@home_option
def status(call: Call, *, client: str | None, platform: str | None, watch: bool) -> None:
    """Show how far backfills are.

    Days done and failed, days whose orders and revenue are the source's own, rows. Those in progress come first.
    """
    from milepost.cli.opened import opened

    with opened(call) as wiring:
        if watch and not call.json:
            _watch(call, wiring, client, platform)
            return
        documents = _documents(wiring, client, platform)
    counted = [str(document["status"]) for document in documents]
    states = {state: counted.count(state) for state in ("in_progress", "completed", "failed")}
    whole = {"total": len(documents), **states, "statuses": documents}
    call.out.result(whole, lambda: _print(call, documents))


def _documents(wiring: Wiring, client: str | None, platform: str | None) -> Documents:
    from milepost.cli import backfilling

    records = _records(wiring, client)
    return [backfilling.status(wiring, r) for r in records if platform in {None, r.pipeline.platform}]


def _records(wiring: Wiring, client: str | None) -> Sequence[BackfillRecord]:
    """Every backfill of the ecosystem, or the client's: in progress first, then newest."""
    from milepost.cli import backfilling
    from milepost.progress import BackfillStatus

    name = backfilling.target(wiring, client, None).datastore.name if client else None
    pipelines = [pipeline for pipeline in wiring.ecosystem.pipelines() if name in {None, pipeline.datastore}]
    found = [record for p in pipelines if (record := wiring.runtime.backfills.read(p)) is not None]
    newest = sorted(found, key=lambda record: record.started_at, reverse=True)
    return sorted(newest, key=lambda record: record.status is not BackfillStatus.IN_PROGRESS)


def _watch(call: Call, wiring: Wiring, client: str | None, platform: str | None) -> None:
    from rich.live import Live

    from milepost.cli.signals import clean_stop

    with clean_stop("", silent=True) as stop:
        if not call.out.rich.is_terminal:
            while _working(documents := _documents(wiring, client, platform)) and not stop.wait(_EVERY * 3):
                for document in documents:
                    call.out.line(f"{document['client_id']} {document['status']} {document['progress']} %")
            _print(call, documents)
            return
        with Live(console=call.out.rich, auto_refresh=False) as live:
            while True:
                documents = _documents(wiring, client, platform)
                live.update(_table(documents, wide=_is_wide(call)), refresh=True)
                if not _working(documents) or stop.wait(_EVERY):
                    return


def _working(documents: Documents) -> bool:
    return any(document["status"] == "in_progress" for document in documents)


def _print(call: Call, documents: Documents) -> None:
    if not documents:
        call.out.line("no backfill was ever started")
        call.out.say("start one: milepost backfill start CLIENT --years 1", style="dim")
        return
    from milepost.cli.tables import print_trimmed

    print_trimmed(call.out.rich, _table(documents, wide=_is_wide(call)))
    for document in documents:
        if document["error"]:
            call.out.line(f"\n{document['client_id']}: {document['error']}", style="red")


def _is_wide(call: Call) -> bool:
    return call.out.rich.width >= _WIDE


def _table(documents: Documents, *, wide: bool) -> Table:
    """One line for each backfill; a narrow terminal gets the figures that matter most."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("client", *(("platform",) if wide else ()), "status", "progress"):
        table.add_column(title, no_wrap=True)
    for title in ("days", "failed", "verified", "differ", "orders", *(("revenue",) if wide else ())):
        table.add_column(title, justify="right", no_wrap=True)
    for document in documents:
        table.add_row(*_cells(document, wide=wide))
    return table


def _cells(d: dict[str, object], *, wide: bool) -> list[str | Text]:
    from decimal import Decimal

    from rich.text import Text

    from milepost.cli import numbers

    state, done = str(d["status"]), float(str(d["progress"]))
    filled = round(done / 100 * _BAR)
    bar = (
        Text("━" * filled, style="green").append("━" * (_BAR - filled) + " ", style="bright_black") if wide else Text()
    )
    return [
        str(d["client_id"]),
        *([str(d["platform"])] if wide else []),
        Text(state.replace("_", " "), style=_COLORS[state]),
        bar.append(f"{done:.1f} %", style="default"),
        f"{d['days_processed']}/{d['total_days']}",
        *(str(d[name]) for name in ("days_failed", "verified_days", "mismatched_days")),
        numbers.count(int(str(d["total_orders"]))),
        *([numbers.money(Decimal(str(d["revenue"])))] if wide else []),
    ]
