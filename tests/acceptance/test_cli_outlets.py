"""`export`, `report`, `sample`: rows leave as files; run in this process."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from fix_bad_input import Place
from milepost.cli.app import run
from milepost.reporting.schema import NAMES


@pytest.fixture
def here(place: Place, monkeypatch) -> Place:
    """The installation as the current folder."""
    monkeypatch.chdir(place.folder)
    return place


def _rows(path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(Path(path).read_text().splitlines()))


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet", "jsonl"])
def test_a_dataset_is_exported(form: str, here: Place, capsys) -> None:
    assert run(["export", form, "customer_db.customers", "-o", f"out.{form}", "--json"]) == 0
    written = json.loads(capsys.readouterr().out)
    assert written["rows"] == 5
    assert written["bytes"] == Path(f"out.{form}").stat().st_size


def test_a_query_is_exported_with_exact_whole_numbers(here: Place, capsys) -> None:
    sql = "SELECT sum(9223372036854775807::BIGINT) AS s FROM live__customer_db.customers"
    assert run(["export", "csv", "--sql", sql, "-o", "out.csv"]) == 0
    assert _rows("out.csv") == [{"s": str(5 * 9223372036854775807)}]


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (["export", "csv", "customer_db.nope", "-o", "x.csv"], "no dataset 'nope'", 2),
        (["export", "csv", "customers", "-o", "x.csv"], "is not DATASTORE.DATASET", 2),
        (["export", "csv", "-o", "x.csv"], "name a dataset, or a query", 2),
        (["export", "pdf", "customer_db.customers", "-o", "x.pdf"], "'pdf' is not one of", 2),
        (["export", "csv", "customer_db.customers", "-o", "ecosystem.yaml/x.csv"], "[store.unwritable]", 1),
        (["report", "acme", "-o", "x.csv"], "never read", 2),
        (["sample", "-o", "x.doc"], "no format is known by '.doc'", 2),
    ],
)
def test_what_cannot_be_written_is_refused(arguments: list[str], said: str, code: int, here: Place, capsys) -> None:
    assert run(arguments) == code
    assert said in capsys.readouterr().err
    assert not list(Path().glob("x.*"))


def test_a_dry_run_writes_nothing(here: Place, capsys) -> None:
    assert run(["export", "csv", "customer_db.customers", "-o", "x.csv", "--dry-run"]) == 0
    assert not Path("x.csv").exists()


def test_sample_rows_have_the_reporting_schema(here: Place, capsys) -> None:
    assert run(["sample", "-o", "x.csv", "--rows", "12"]) == 0
    assert "12 rows" in capsys.readouterr().out
    assert list(_rows("x.csv")[0]) == list(NAMES)


def test_the_report_has_the_reporting_schema(here: Place, capsys) -> None:
    here.declare((here.folder / "ecosystem.yaml").read_text().replace(", datasets: {accounts: , campaigns: }", ""))
    assert run(["backfill", "start", "acme", "--start", "-2d"]) == 0
    assert run(["report", "acme", "-o", "x.csv"]) == 0
    rows = _rows("x.csv")
    assert list(rows[0]) == list(NAMES)
    assert {row["client_id"] for row in rows} == {"acme"}
    assert all(row["campaign_name"] and row["currency"] for row in rows)
