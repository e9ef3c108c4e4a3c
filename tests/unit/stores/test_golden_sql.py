"""Every statement of a merge, per step, milestoning and read mode, as text: a change of it is seen in the diff."""

from __future__ import annotations

import re

import pytest

from milepost.dataset import Dataset, ReadMode
from milepost.milestoning import Milestoning
from milepost.schema import BOOLEAN, DOUBLE, INTEGER, INTERVAL, MONEY, TEXT, TIMESTAMPTZ, Column, diff, list_of
from milepost.stores.duckdb.dialect import DUCKDB
from milepost.stores.sql.layout import Layout
from milepost.stores.sql.render import Renderer, Staging
from milepost.stores.sql.screen import Screening

pytestmark = pytest.mark.golden

DIALECTS = {"duckdb": DUCKDB}
COLUMNS = (
    Column("shop", TEXT), Column("id", INTEGER), Column("order", TEXT), Column("Order", DOUBLE), Column("total", MONEY),
    Column("tags", list_of(TEXT)), Column("lasts", INTERVAL),
)  # fmt: skip
DATASETS = {
    "snapshot": Dataset("it's", COLUMNS, ("shop", "id")),
    "keyless": Dataset("it's", COLUMNS),
    "incremental": Dataset("it's", COLUMNS, ("shop", "id"), ReadMode.INCREMENTAL),
    "marked": Dataset("it's", (*COLUMNS, Column("gone", BOOLEAN)), ("shop", "id"), ReadMode.INCREMENTAL, None, "gone"),
    "timed": Dataset("it's", (*COLUMNS, Column("gone", TIMESTAMPTZ)), ("shop", "id"), ReadMode.INCREMENTAL, None, "gone"),
    "append": Dataset("it's", COLUMNS, ("shop", "id"), ReadMode.APPEND),
}  # fmt: skip
BEFORE = (*COLUMNS[:3], Column("total", INTEGER))


CLAUSE = re.compile(r" ((?<!DISTINCT )FROM|WHERE|SELECT|FULL OUTER JOIN|UNION ALL) ")


def renderer(dialect: str, milestoning: Milestoning, dataset: Dataset) -> Renderer:
    layout = Layout(dataset, milestoning, "p__shop", "it's", {"Order": "Order_4d7f"}, "store")
    return Renderer(DIALECTS[dialect], layout, Staging('"staged"."d0"', '"staged"."d0_refused"'))


def as_text(parts: dict[str, list[str] | str]) -> str:
    """Statements under the names of their steps, one clause to a line."""
    text = []
    for step, statements in parts.items():
        every = [statements] if isinstance(statements, str) else statements
        text += [f"-- {step}", *(CLAUSE.sub(r"\n  \1 ", statement) + ";" for statement in every)]
    return "\n".join(text) + "\n"


@pytest.mark.parametrize("milestoning", Milestoning, ids=lambda m: m.value)
@pytest.mark.parametrize("mode", DATASETS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_sql_of_a_merge(golden, dialect, mode, milestoning):
    made = renderer(dialect, milestoning, DATASETS[mode])
    parts = {
        "CreateTables": made.create_tables(),
        "EvolveTables": made.evolve_tables(diff(BEFORE, COLUMNS)),
        "FindChanges, first": made.create_changes(),
    }
    if DATASETS[mode].read_mode is ReadMode.SNAPSHOT:
        parts["FindChanges, all in one"] = made.compare_range(lower=False, upper=False)
        parts["FindChanges, cuts of a large snapshot"] = made.key_quantiles(3) or "-- none: it is compared in one"
        if DATASETS[mode].key:
            parts["FindChanges, a range of it"] = made.compare_range(lower=True, upper=True)
    else:
        parts["FindChanges"] = made.find_changes()
    if DATASETS[mode].deleted_mark:
        parts["FindChanges, rows with a mark"] = made.count_marked()
    if DATASETS[mode].read_mode is ReadMode.SNAPSHOT and DATASETS[mode].key:
        parts["FindChanges, after refused keys"] = made.keep_refused()
    if DATASETS[mode].read_mode is ReadMode.APPEND:
        parts["FindChanges, immutable rows that came altered"] = made.altered()
    elif milestoning is Milestoning.FORENSIC:
        parts["CloseVersions"] = made.close_versions("?", "?")
    else:
        parts["RemoveRows"] = made.remove_rows()
    parts["InsertVersions"] = made.insert_versions("?", "?", everything=False)
    parts["InsertVersions, first batch"] = made.insert_versions("?", "?", everything=True)
    golden(f"sql/{dialect}/{mode}-{milestoning.value}.sql", as_text(parts))


@pytest.mark.parametrize("mode", ["snapshot", "keyless"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_sql_of_screening(golden, dialect, mode):
    said = []

    def run(sql, values):
        said.append(sql)
        return [(3 if "GROUP BY" in sql else 9,)]  # nine rows, three keys: there are duplicates to resolve

    Screening(run, renderer(dialect, Milestoning.LIVE, DATASETS[mode]), '"staged"."refused"').screen()
    golden(f"sql/{dialect}/screen-{mode}.sql", as_text({"Screen": said}))
