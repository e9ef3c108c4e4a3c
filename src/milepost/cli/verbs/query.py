"""`milepost query`: read-only SQL on the store, shown as a table, CSV or JSON. The SQL is the store's own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from milepost.cli.call import Call
from milepost.cli.verb import home_option, verb

if TYPE_CHECKING:
    from milepost.cli.rows import Rows

_SHOWN = 100
_TABLES = """
SELECT d.platform || '__' || d.datastore || '.' || d.table_name AS "table", c.milestoning AS kept, d.since_batch,
  c.last_batch, c.as_of
FROM _milepost.dataset AS d JOIN _milepost.checkpoint AS c USING (platform, datastore) ORDER BY 1
"""


@verb(
    "query",
    examples=[
        ("which tables there are", "milepost query --tables"),
        (
            "orders and revenue by month",
            "milepost query \"SELECT date_trunc('month', date), count(*), sum(value) FROM live__acme.orders GROUP BY 1 ORDER BY 1\"",
        ),
        ("from a file, for another program", "milepost query -f report.sql --format csv > report.csv"),
        ("from a pipe", "echo 'SELECT 1' | milepost query"),
    ],
)
@click.argument("sql", required=False)
@click.option(
    "-f",
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Read the SQL from a file; - is standard input.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("table", "csv", "json")),
    default="table",
    show_default=True,
    help="How rows are printed.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    metavar="N",
    default=_SHOWN,
    show_default=True,
    help="Rows of a table at most; 0: all. CSV and JSON have all.",
)
@click.option("--tables", is_flag=True, help="List the tables instead.")
@home_option
def query(call: Call, *, sql: str | None, file: Path | None, form: str, limit: int, tables: bool) -> None:
    """Run read-only SQL on the store.

    The SQL is DuckDB's. A dataset is a table `<platform>__<datastore>.<dataset>`; a forensic one has every version, with
    the columns _batch_in, _batch_out, _valid_from and _valid_to. Nothing can be written.
    """
    from milepost.cli.opened import opened_with_data
    from milepost.cli.rows import read

    text = _TABLES if tables else _sql(sql, file)
    form = "json" if call.json else form
    with opened_with_data(call) as wiring, wiring.store.query(text) as answer:
        if form == "csv":
            from milepost.cli.csv_out import write_csv

            write_csv(answer, sys.stdout)
            return
        rows = read(answer, limit if form == "table" and limit else None)
    if form == "json":
        columns = [{"name": name, "type": kind} for name, kind in zip(rows.names, rows.types, strict=True)]
        call.out.document({"columns": columns, "rows": rows.records()})
    else:
        _print(call, rows)


def _sql(sql: str | None, file: Path | None) -> str:
    """The statement to run, from wherever it was given."""
    if sql is not None and file is not None:
        raise click.UsageError("SQL is given twice: as an argument and with --file")
    if sql is not None:
        return sql
    if file is not None and str(file) != "-":
        try:
            return file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as exc:
            reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8 text"
            raise click.UsageError(f"{file} cannot be read: {reason}") from exc
    if file is None and sys.stdin.isatty():
        raise click.UsageError("no SQL: give it as an argument, with --file, or through a pipe")
    return sys.stdin.read()


def _print(call: Call, rows: Rows) -> None:
    from milepost.cli import numbers
    from milepost.cli.cells import cell
    from milepost.cli.tables import Column

    columns = [Column(name, right=number) for name, number in zip(rows.names, rows.numeric, strict=True)]
    call.out.table(columns, [[cell(value) for value in row] for row in rows.rows])
    if rows.more:
        call.out.say(f"(the first {numbers.plural(len(rows.rows), 'row')}; --limit 0 shows all)", style="dim")
    else:
        call.out.say(f"({numbers.plural(len(rows.rows), 'row')})", style="dim")
