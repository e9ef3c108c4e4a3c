"""`milepost history`: every version of one row, as a story. Versions come from the store, the story from `cli.versions`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from milepost.cli.call import Call
from milepost.cli.verb import home_option, verb

if TYPE_CHECKING:
    from milepost.cli.versions import Change, Version


@verb(
    "history",
    examples=[
        ("one customer", "milepost history customer_db.customers id=C000004"),
        (
            "a key of several columns, on another platform",
            "milepost history shop.lines order=7 line=2 --platform audit",
        ),
    ],
)
@click.argument("dataset", metavar="DATASTORE.DATASET")
@click.argument("key", metavar="COLUMN=VALUE…", nargs=-1, required=True)
@click.option("--platform", metavar="NAME", help="The platform to look at (default: the first forensic one).")
@home_option
def history(call: Call, *, dataset: str, key: tuple[str, ...], platform: str | None) -> None:
    """Show every version of one row.

    The first version is shown whole, each later one with the cells that it changed. A live platform has the newest
    version only.
    """
    from milepost.batch import Pipeline
    from milepost.cli.opened import opened_with_data, split_dataset
    from milepost.cli.versions import story
    from milepost.milestoning import Milestoning

    datastore, name = split_dataset(dataset)
    where = dict(_pair(text) for text in key)
    with opened_with_data(call) as wiring:
        kept_on = wiring.ecosystem.platform_for(Milestoning.FORENSIC, platform)
        pipeline = Pipeline(kept_on.name, wiring.ecosystem.datastore(datastore).name)
        rows = wiring.store.history(pipeline, name, where)
    title = f"{dataset} {' '.join(key)} on {pipeline.platform}"
    document = {"platform": pipeline.platform, "datastore": datastore, "dataset": name, "key": where, "versions": rows}
    call.out.result(document, lambda: _print(call, title, story(rows)))
    if not rows:
        raise click.exceptions.Exit(1)


def _pair(text: str) -> tuple[str, str]:
    column, equals, value = text.partition("=")
    if not (column and equals):
        raise click.UsageError(f"{text!r} is not COLUMN=VALUE, such as id=C000004")
    return column, value


def _print(call: Call, title: str, versions: list[Version]) -> None:
    from milepost.cli import numbers

    call.out.line(f"{title}: {numbers.plural(len(versions), 'version') if versions else 'never seen'}", style="bold")
    for version in versions:
        if version.away_before:
            call.out.line("\n   (deleted, and inserted again later)", style="yellow")
        _print_version(call, version)
    if versions and not versions[-1].is_open:
        call.out.line(f"\n   deleted with batch {versions[-1].until_batch}", style="yellow")


def _print_version(call: Call, version: Version) -> None:
    from milepost.cli.cells import cell

    until = "now" if version.is_open else cell(version.until)
    batches = f"since batch {version.since_batch}" if version.is_open else _range(version)
    call.out.line(f"\n{version.number:>2} {cell(version.since)} → {until}  {batches}", style="cyan")
    width = max((len(change.column) for change in version.changes), default=0)
    for change in version.changes:
        _print_change(call, change, width)


def _range(version: Version) -> str:
    """The batches for which a closed version was true: `until_batch` itself is not among them."""
    last = (version.until_batch or 0) - 1
    return f"batch {last}" if last == version.since_batch else f"batches {version.since_batch} to {last}"


def _print_change(call: Call, change: Change, width: int) -> None:
    from rich.text import Text

    from milepost.cli.cells import cell

    line = Text(f"   {change.column:{width}}  ")
    if change.new:
        line.append(cell(change.after), style="dim" if change.after is None else "")
    else:
        line.append(cell(change.before), style="red")
        line.append(" → ")
        line.append(cell(change.after), style="bold green")
    call.out.rich.print(line, soft_wrap=True)
