"""The cost of a batch does not grow with the history: a hundred batches of one per cent on one forensic table."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from statistics import median

import numpy as np
import pyarrow as pa
import pytest

from fix_store import FORENSIC, duckdb_store, runtime_on
from milepost.clock import SystemClock
from milepost.dataset import Dataset
from milepost.engine.lease import HeldLease
from milepost.engine.run import Staged, run_batch
from milepost.milestoning import Milestoning
from milepost.schema import BIGINT, TEXT, Column

CUSTOMERS = Dataset(
    "customers",
    (Column("id", BIGINT), Column("name", TEXT), Column("city", TEXT), Column("visits", BIGINT)),
    ("id",),
)
DAY_ONE = datetime(2026, 1, 1, tzinfo=UTC)


def snapshot(rows: int, visits: np.ndarray) -> pa.Table:
    ids = np.arange(rows)
    names = pa.array([f"customer number {n}" for n in range(rows)])
    return pa.table(
        {"id": ids, "name": names, "city": pa.array([f"city {n % 997}" for n in range(rows)]), "visits": visits}
    )


@pytest.mark.parametrize(
    ("rows", "batches"),
    [(20_000, 30), pytest.param(100_000, 100, marks=[pytest.mark.slow, pytest.mark.timeout(1200)])],
    ids=["20,000 rows, 30 batches", "100,000 rows, 100 batches"],
)
def test_a_batch_late_in_a_history_costs_what_an_early_one_did(tmp_path, database, rows, batches):
    runtime = runtime_on(tmp_path, database, clock=SystemClock(), store=duckdb_store(tmp_path, threads=2))
    draw, visits, seconds = random.Random(7), np.zeros(rows, dtype=np.int64), []
    table = snapshot(rows, visits)
    for number in range(1, batches + 2):
        if number > 1:
            visits[np.array(draw.sample(range(rows), rows // 100))] += 1
        whole = table.set_column(3, "visits", pa.array(visits))

        def fill(batch, whole=whole, number=number):
            batch.stage(CUSTOMERS, whole)
            return Staged((CUSTOMERS,), DAY_ONE + timedelta(hours=number))

        began = time.perf_counter()
        report = run_batch(runtime, HeldLease(), FORENSIC, Milestoning.FORENSIC, fill, max_delete_share=0.3)
        seconds.append(time.perf_counter() - began)
        assert report.total.updated == (rows // 100 if number > 1 else 0)
    early, late = median(seconds[1:11]), median(seconds[-10:])
    size = runtime.store.path.stat().st_size / 1e6
    print(f"{rows:,} rows, {batches} batches of 1 %: first {seconds[0] * 1000:.0f} ms, batches 2-11 {early * 1000:.0f} ms, "
          f"last ten {late * 1000:.0f} ms, {late / early:.2f} times; {size:.0f} MB")  # fmt: skip
    with runtime.store.query("SELECT count(*) AS n FROM forensic__shop.customers") as found:
        assert pa.table(found).to_pylist() == [{"n": rows + batches * (rows // 100)}]
    assert late <= 1.5 * early
