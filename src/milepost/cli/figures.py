"""How a batch's figures are shown: a table of datasets, a line of totals, a document. Counting is the store's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields

from milepost.batch import BatchReport, Figures
from milepost.cli import numbers
from milepost.cli.console import Console
from milepost.cli.tables import Column

_ROWS = tuple(f.name for f in fields(Figures) if f.name != "bytes")
_RARE = ("duplicates", "quarantined")  # shown where there are any


def document(report: BatchReport) -> dict[str, object]:
    """A finished batch as one record."""
    return {
        "platform": report.pipeline.platform,
        "datastore": report.pipeline.datastore,
        "batch": report.number,
        "state": report.state,
        "datasets": {name: asdict(figures) for name, figures in report.datasets.items()},
        "total": asdict(report.total),
        "seconds": {phase: round(value, 4) for phase, value in report.seconds.items()},
        "schema_changes": list(report.schema_changes),
    }


def show(out: Console, report: BatchReport) -> None:
    """Print a finished batch."""
    show_datasets(out, report.datasets)
    took = ", ".join(f"{phase} {numbers.seconds(value)}" for phase, value in report.seconds.items())
    speed = numbers.rate(report.total.read, sum(report.seconds.values()))
    out.line(f"\nbatch {report.number} of {report.pipeline} {report.state.value}: {took}; {speed}")
    for change in report.schema_changes:
        out.line(f"schema followed: {change}", style="yellow")
    if report.total.quarantined:
        refused = numbers.plural(report.total.quarantined, "row")
        out.line(f"{refused} refused; see: milepost quarantine", style="yellow")


def show_datasets(out: Console, datasets: Mapping[str, Figures]) -> None:
    """Print the rows of each dataset by what became of them."""
    shown = [name for name in _ROWS if name not in _RARE or any(getattr(f, name) for f in datasets.values())]
    columns = [Column("dataset"), *(Column(name, right=True) for name in shown)]
    out.table(columns, [[name, *(numbers.count(getattr(f, row)) for row in shown)] for name, f in datasets.items()])
