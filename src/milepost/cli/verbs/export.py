"""`milepost export`: a dataset or a query as a file. Writing files is the delivery's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from milepost.cli.call import Call
from milepost.cli.verb import home_option, verb

if TYPE_CHECKING:
    from milepost.batch import Pipeline
    from milepost.wiring import Wiring

_FORMS = ("csv", "xlsx", "parquet", "jsonl")
_TABLE = "SELECT table_name FROM _milepost.dataset WHERE platform = $1 AND datastore = $2 AND dataset = $3"


@verb(
    "export",
    examples=[
        ("a dataset for a spreadsheet", "milepost export xlsx acme.orders -o orders.xlsx"),
        (
            "every version there ever was",
            "milepost export parquet customer_db.customers --platform forensic -o customers.parquet",
        ),
        (
            "the answer to a query",
            "milepost export csv --sql 'SELECT date, sum(value) FROM live__acme.orders GROUP BY 1' -o days.csv",
        ),
    ],
)
@click.argument("form", metavar="csv|xlsx|parquet|jsonl", type=click.Choice(_FORMS))
@click.argument("dataset", metavar="[DATASTORE.DATASET]", required=False)
@click.option("--sql", metavar="SQL", help="Export the answer to a query instead of a dataset.")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help="The file to write; one that is there is replaced.",
)
@click.option("--platform", metavar="NAME", help="The platform of the dataset (default: the first live one).")
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
@home_option
def export(
    call: Call, *, form: str, dataset: str | None, sql: str | None, output: Path, platform: str | None, dry_run: bool
) -> None:
    """Write a dataset or a query to a CSV, XLSX or Parquet file.

    The file appears whole or not at all. Values are exact: decimals keep their digits, a NULL is not an empty text.
    """
    from milepost.cli import numbers
    from milepost.cli.opened import opened_with_data

    if (dataset is None) == (sql is None):
        raise click.UsageError("name a dataset, or a query with --sql")
    with opened_with_data(call) as wiring:
        statement = sql if sql is not None else select(wiring, dataset or "", platform)
        with wiring.store.query(statement) as answer:
            if dry_run:
                document = {"dry_run": True, "path": output, "format": form}
                call.out.result(document, lambda: call.out.line(f"would write {output}; nothing was written"))
                return
            written = wiring.write_file(answer, output, form)
    document = {"path": written.path, "format": form, "rows": written.rows, "bytes": written.bytes}
    said = f"{written.path}: {numbers.plural(written.rows, 'row')}, {numbers.size(written.bytes)}"
    call.out.result(document, lambda: call.out.line(said))


def select(wiring: Wiring, dataset: str, platform: str | None) -> str:
    """The statement that reads a dataset. Raises UnknownName, UsageFault."""
    from milepost.batch import Pipeline
    from milepost.cli.opened import split_dataset
    from milepost.errors import UnknownName
    from milepost.milestoning import Milestoning

    datastore, name = split_dataset(dataset)
    kept_on = wiring.ecosystem.platform_for(Milestoning.LIVE, platform)
    pipeline = Pipeline(kept_on.name, wiring.ecosystem.datastore(datastore).name)
    known = wiring.store.checkpoint(pipeline).datasets
    if name not in known:
        raise UnknownName(
            f"pipeline {pipeline} has no dataset {name!r}", hint=f"its datasets: {', '.join(sorted(known)) or 'none'}"
        )
    return f"FROM {_quoted(f'{pipeline.platform}__{pipeline.datastore}')}.{_quoted(_table(wiring, pipeline, name))}"


def _table(wiring: Wiring, pipeline: Pipeline, dataset: str) -> str:
    """The table a dataset is in: `Orders` and `orders` of one database cannot both have their own name."""
    from milepost.cli.rows import read

    with wiring.store.query(_TABLE, (pipeline.platform, pipeline.datastore, dataset)) as answer:
        return str(read(answer, None).rows[0][0])


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
