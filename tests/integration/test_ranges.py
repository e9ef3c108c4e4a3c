"""A large snapshot is compared range by range of its key; nobody can tell, whatever the key."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest

from fix_store import FORENSIC, LIVE, run
from milepost.dataset import Dataset
from milepost.schema import DATE, DOUBLE, INTEGER, MONEY, TEXT, Column
from milepost.stores.sql import commit
from table_source import TableSource

KEYS = {
    "integers": (INTEGER, lambda n: n * 7 - 100),
    "texts": (TEXT, lambda n: f"{n * 7919 % 1000}é'"),
    "decimals": (MONEY, lambda n: Decimal(n) / 8),
    "dates": (DATE, lambda n: date(1969, 6, 1) + timedelta(days=n)),
    "one value in nearly every row": (INTEGER, lambda n: max(0, n - 190)),
    "floats, which are not cut": (DOUBLE, lambda n: n / 3),
}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("pipeline", [LIVE, FORENSIC], ids=str)
def test_ranges_give_what_one_comparison_gives(runtime, rows_of, monkeypatch, pipeline, kind) -> None:
    monkeypatch.setattr(commit, "RANGE_ROWS", 20)
    key_type, key = KEYS[kind]
    dataset = Dataset("t", (Column("k", key_type), Column("n", INTEGER), Column("v", TEXT)), ("k", "n"))
    rng = random.Random(kind)
    rows = {n: {"k": key(n), "n": n, "v": "a"} for n in range(200)}
    source = TableSource()
    run(runtime, source.put(dataset, list(rows.values())), pipeline)
    for turn in range(3):
        updated = rng.sample(sorted(rows), 15)
        deleted = [n for n in rng.sample(sorted(rows), 12) if n not in updated]
        added = [1000 + turn * 10 + n for n in range(7)]
        for n in updated:
            rows[n] = {**rows[n], "v": f"{turn}"}
        for n in deleted:
            del rows[n]
        for n in added:
            rows[n] = {"k": key(n - 900), "n": n, "v": "new"}
        report = run(runtime, source.put(dataset, rng.sample(list(rows.values()), len(rows))), pipeline)
        assert (report.total.inserted, report.total.updated, report.total.deleted) == (7, 15, len(deleted))
        suffix = "__open" if pipeline is FORENSIC else ""
        found = rows_of(f"SELECT k, n, v FROM {pipeline.platform}__shop.t{suffix} ORDER BY n")
        assert found == [rows[n] for n in sorted(rows)]
