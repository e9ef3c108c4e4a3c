"""What every store does, whatever it is made of. A new store joins by a line in FACTORIES."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from fix_store import FORENSIC, LIVE, MILESTONING, duckdb_store
from milepost.batch import Figures, Pipeline
from milepost.dataset import Dataset, ReadMode
from milepost.errors import BatchConflict, DeletesHeld, QueryInvalid, SchemaRefused, SourceChanged, UnknownName
from milepost.merge.plan import BatchFacts, plan
from milepost.merge.steps import WindowRecord
from milepost.ports import Checkpoint, Refusal, Store, Totals
from milepost.schema import BOOLEAN, DATE, INTEGER, MONEY, TEXT, TIMESTAMPTZ, Column
from table_source import table

FACTORIES: dict[str, Callable[[Path], Store]] = {"duckdb": duckdb_store}
BOTH = pytest.mark.parametrize("pipeline", [LIVE, FORENSIC], ids=str)
DAY = datetime(2026, 1, 1, tzinfo=UTC)
ORDERS = Dataset("orders", (Column("id", INTEGER), Column("day", DATE), Column("total", MONEY)), ("id",))


@pytest.fixture(params=FACTORIES)
def store(request, tmp_path) -> Store:
    return FACTORIES[request.param](tmp_path)


def order(number: int, total: str = "10.0000", day: date = date(2026, 1, 1)) -> dict:
    return {"id": number, "day": day, "total": Decimal(total)}


def commit(store, pipeline, rows, dataset=ORDERS, *, number=None, share=0.3, refused=(), windows=(), marks=(), pages=1):
    """One batch of one dataset; numbered after the last one unless told otherwise."""
    with store.batch(pipeline) as batch:
        batch.begin(dataset)
        size = max(1, -(-len(rows) // pages))
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            assert batch.stage(dataset, table(dataset, part), 100) == len(part)
        batch.refuse(refused)
        number = number or batch.checkpoint.last_batch + 1
        facts = BatchFacts(
            pipeline, MILESTONING[pipeline.platform], number, DAY + timedelta(hours=number), batch.checkpoint.datasets,
            share, tuple(marks), tuple(windows),
        )  # fmt: skip
        return batch.commit(plan(facts, [dataset]))[dataset.name]


def rows_of(store, sql, *values):
    with store.query(sql, values) as found:
        return pa.table(found).to_pylist()


def stored(store, pipeline, dataset="orders"):
    return rows_of(store, f'SELECT * FROM {pipeline.platform}__shop."{dataset}" ORDER BY ALL')


def test_a_store_without_anything_has_an_empty_checkpoint_and_nothing_to_query(store):
    assert store.checkpoint(LIVE) == Checkpoint()
    assert store.windows(LIVE, "orders") == {}
    assert store.totals(LIVE, "orders", "day", "total") == {}
    store.clear(LIVE)
    with pytest.raises(UnknownName), store.query("SELECT 1"):
        pass
    with pytest.raises(UnknownName):
        store.history(LIVE, "orders", {"id": "1"})


@BOTH
def test_a_commit_moves_the_checkpoint_with_its_rows(store, pipeline):
    assert commit(store, pipeline, [order(1), order(2)]) == Figures(2, inserted=2, bytes=100)
    found = store.checkpoint(pipeline)
    assert (found.last_batch, found.as_of, found.milestoning) == (
        1,
        DAY + timedelta(hours=1),
        MILESTONING[pipeline.platform],
    )
    assert found.datasets == {"orders": ORDERS}
    assert [(r["id"], r["_batch_in"], r["_valid_from"]) for r in stored(store, pipeline)] == [
        (1, 1, DAY + timedelta(hours=1)), (2, 1, DAY + timedelta(hours=1)),
    ]  # fmt: skip


@BOTH
def test_pages_of_a_dataset_are_one_reading(store, pipeline):
    figures = commit(store, pipeline, [order(n) for n in range(10)], pages=4)
    assert figures == Figures(10, inserted=10, bytes=400)


def test_live_keeps_the_newest_version_and_forensic_every_one(store):
    for pipeline in (LIVE, FORENSIC):
        commit(store, pipeline, [order(1), order(2), order(3), order(4)])
        assert commit(store, pipeline, [order(1, "99"), order(2), order(3), order(5)]) == Figures(
            4, inserted=1, updated=1, deleted=1, unchanged=2, bytes=100
        )
        commit(store, pipeline, [order(1, "99"), order(2), order(3), order(4), order(5)])
    assert [(r["id"], r["total"], r["_batch_in"]) for r in stored(store, LIVE)] == [
        (1, 99, 2), (2, 10, 1), (3, 10, 1), (4, 10, 3), (5, 10, 2),
    ]  # fmt: skip
    first, second = store.history(FORENSIC, "orders", {"id": "1"})
    assert (first["total"], first["_batch_in"], first["_batch_out"], first["_valid_to"]) == (
        10,
        1,
        2,
        DAY + timedelta(hours=2),
    )
    assert (second["total"], second["_batch_in"], second["_batch_out"], second["_valid_to"]) == (99, 2, 2**63 - 1, None)
    gone, back = store.history(FORENSIC, "orders", {"id": "4"})
    assert (gone["_batch_in"], gone["_batch_out"], back["_batch_in"]) == (1, 2, 3)
    assert len(store.history(LIVE, "orders", {"id": "4"})) == 1


@BOTH
def test_leaving_a_batch_without_a_commit_leaves_nothing(store, pipeline):
    commit(store, pipeline, [order(1)])
    with store.batch(pipeline) as batch:
        batch.stage(ORDERS, table(ORDERS, [order(2)]))
    assert [r["id"] for r in stored(store, pipeline)] == [1]
    assert store.checkpoint(pipeline).last_batch == 1


@BOTH
@pytest.mark.parametrize("number", [1, 3])
def test_a_batch_whose_turn_it_is_not_is_refused_and_changes_nothing(store, pipeline, number):
    commit(store, pipeline, [order(1)])
    with pytest.raises(BatchConflict) as refused:
        commit(store, pipeline, [order(1, "5")], number=number)
    assert refused.value.fields["last_batch"] == 1
    assert [r["total"] for r in stored(store, pipeline)] == [10]


@BOTH
def test_an_empty_snapshot_and_a_mass_deletion_are_held_until_a_person_accepts(store, pipeline):
    commit(store, pipeline, [order(n) for n in range(10)])
    for rows in ([], [order(n) for n in range(6)]):
        with pytest.raises(DeletesHeld) as held:
            commit(store, pipeline, rows)
        assert (held.value.fields["deletes"], held.value.fields["open_rows"]) == (10 - len(rows), 10)
    assert commit(store, pipeline, [order(n) for n in range(7)]).deleted == 3
    assert commit(store, pipeline, [], share=None).deleted == 7
    assert commit(store, pipeline, []).deleted == 0


@BOTH
def test_a_key_that_stands_twice_with_two_values_is_refused_and_what_is_stored_of_it_stays(store, pipeline):
    commit(store, pipeline, [order(1), order(2), order(3)])
    figures = commit(store, pipeline, [order(1, "5"), order(1, "6"), order(2), order(2), order(3, "7")])
    assert figures == Figures(5, updated=1, unchanged=1, duplicates=1, quarantined=2, bytes=100)
    live = rows_of(store, f"SELECT id, total FROM {pipeline.platform}__shop.orders ORDER BY _batch_in, id")
    assert {(r["id"], int(r["total"])) for r in live} >= {(1, 10), (2, 10), (3, 7)}
    refused = rows_of(store, "SELECT batch, dataset, row_key, reason FROM _milepost.quarantine")
    assert refused == [{"batch": 2, "dataset": "orders", "row_key": "1", "reason": refused[0]["reason"]}] * 2


@BOTH
def test_what_the_source_refused_is_kept_as_it_came(store, pipeline):
    figures = commit(store, pipeline, [order(1)], refused=[Refusal("orders", ("7",), "no total", '{"id": 7}')])
    assert (figures.read, figures.quarantined) == (2, 1)
    (kept,) = rows_of(
        store, "SELECT row_key, reason, row_text FROM _milepost.quarantine WHERE platform = ?", pipeline.platform
    )
    assert kept == {"row_key": "7", "reason": "no total", "row_text": '{"id": 7}'}


MARKED = Dataset("marked", (*ORDERS.columns, Column("gone", BOOLEAN)), ("id",), ReadMode.INCREMENTAL, None, "gone")
TIMED = Dataset("timed", (*ORDERS.columns, Column("gone", TIMESTAMPTZ)), ("id",), ReadMode.INCREMENTAL, None, "gone")


@BOTH
@pytest.mark.parametrize(("dataset", "dead"), [(MARKED, True), (TIMED, DAY)], ids=["flag", "time"])
def test_of_an_increment_absence_says_nothing_and_a_mark_says_deleted(store, pipeline, dataset, dead):
    commit(store, pipeline, [{**order(n), "gone": None} for n in (1, 2, 3)] + [{**order(4), "gone": dead}], dataset)
    figures = commit(
        store,
        pipeline,
        [{**order(1), "gone": dead}, {**order(2, "5"), "gone": None}, {**order(9), "gone": dead}],
        dataset,
    )
    assert figures == Figures(3, updated=1, deleted=1, bytes=100)
    versions = stored(store, pipeline, dataset.name)
    now = sorted(r["id"] for r in versions if r.get("_batch_out", 2**63 - 1) == 2**63 - 1)
    assert now == [2, 3]


@BOTH
def test_an_event_that_comes_again_changes_nothing_and_an_altered_one_is_quarantined(store, pipeline):
    events = Dataset("orders", ORDERS.columns, ("id",), ReadMode.APPEND)
    commit(store, pipeline, [order(1), order(2)], events)
    figures = commit(store, pipeline, [order(1), order(2, "5"), order(3)], events)
    assert figures == Figures(3, inserted=1, unchanged=1, quarantined=1, bytes=100)
    assert [(r["id"], int(r["total"])) for r in stored(store, pipeline)] == [(1, 10), (2, 10), (3, 10)]


@BOTH
def test_equal_rows_of_a_keyless_dataset_are_counted(store, pipeline):
    pages = Dataset("pages", (Column("page", TEXT),))
    commit(store, pipeline, [{"page": "a"}] * 3 + [{"page": None}] * 2, pages)
    figures = commit(store, pipeline, [{"page": "a"}] * 2 + [{"page": None}] * 3, pages)
    assert figures == Figures(5, inserted=1, deleted=1, unchanged=4, bytes=100)


@BOTH
def test_columns_may_be_added_widened_and_reordered_and_the_past_stays_readable(store, pipeline):
    commit(store, pipeline, [order(1), order(2)])
    wider = Dataset("orders", (Column("note", TEXT), ORDERS.columns[2], ORDERS.columns[1], Column("id", TEXT)), ("id",))
    with pytest.raises(SchemaRefused):
        commit(store, pipeline, [], wider)
    wider = Dataset("orders", (Column("note", TEXT), ORDERS.columns[2], ORDERS.columns[1], ORDERS.columns[0]), ("id",))
    figures = commit(store, pipeline, [{**order(1), "note": None}, {**order(2), "note": "new"}], wider)
    assert (figures.unchanged, figures.updated) == (1, 1)
    assert [r["note"] for r in store.history(pipeline, "orders", {"id": "1"})] == [None]
    assert store.checkpoint(pipeline).datasets["orders"] == wider
    changes = rows_of(store, "SELECT batch, change FROM _milepost.schema_change ORDER BY change")
    assert [c["batch"] for c in changes] == [2, 2]


@BOTH
@pytest.mark.parametrize(
    "changed",
    [
        Dataset("orders", ORDERS.columns[:2], ("id",)),
        Dataset("orders", (Column("id", TEXT), *ORDERS.columns[1:]), ("id",)),
        Dataset("orders", ORDERS.columns, ("id", "day")),
    ],
    ids=["dropped column", "narrowed type", "changed key"],
)
def test_a_schema_change_that_loses_something_is_refused_with_what_to_do(store, pipeline, changed):
    commit(store, pipeline, [order(1)])
    with pytest.raises(SchemaRefused) as refused:
        commit(store, pipeline, [], changed)
    assert refused.value.hint
    assert store.checkpoint(pipeline).last_batch == 1


def test_rows_with_other_columns_than_declared_are_a_change_of_the_source(store):
    with store.batch(LIVE) as batch, pytest.raises(SourceChanged, match="surprise"):
        batch.stage(ORDERS, pa.table({"id": [1], "surprise": [2]}))


def test_the_order_of_the_columns_that_come_does_not_matter(store):
    with store.batch(LIVE) as batch:
        batch.stage(ORDERS, table(ORDERS, [order(1, "3")]).select(["total", "id", "day"]))
        batch.commit(plan(BatchFacts(LIVE, MILESTONING["live"], 1, DAY, {}), [ORDERS]))
    assert [(r["id"], int(r["total"])) for r in stored(store, LIVE)] == [(1, 3)]


SEEN = Dataset("seen", (Column("id", INTEGER), Column("at", TIMESTAMPTZ)), ("id",), ReadMode.INCREMENTAL, "at")


def test_the_high_water_mark_never_goes_back_nor_into_the_future(store):
    now, marks = DAY, []
    for moments in (
        [DAY - timedelta(hours=2)],
        [DAY - timedelta(hours=5)],
        [DAY + timedelta(days=9)],
        [DAY - timedelta(hours=1)],
        [],
    ):
        with store.batch(LIVE) as batch:
            batch.begin(SEEN)
            batch.stage(SEEN, table(SEEN, [{"id": len(marks) * 10 + n, "at": at} for n, at in enumerate(moments)]))
            mark = batch.highest(SEEN, now)
            number = batch.checkpoint.last_batch + 1
            batch.commit(
                plan(
                    BatchFacts(
                        LIVE, MILESTONING["live"], number, now, batch.checkpoint.datasets, None, (("seen", mark),)
                    ),
                    [SEEN],
                )
            )
        marks.append(datetime.fromisoformat(store.checkpoint(LIVE).high_water["seen"]))
    hours = [(DAY - mark) / timedelta(hours=1) for mark in marks]
    assert hours == [2, 2, 2, 1, 1]
    assert len(stored(store, LIVE, "seen")) == 4, "a row dated in the future is kept"


def test_windows_are_recorded_with_their_rows_and_totals_are_those_of_open_versions(store):
    windows = [WindowRecord("orders", date(2026, 1, n), 100 * n) for n in (1, 2)]
    rows = [order(1), order(2, "5.5"), order(3, "1", date(2026, 1, 2))]
    commit(store, FORENSIC, rows, windows=windows[:1])
    commit(store, FORENSIC, [order(1, "20"), *rows[1:]], windows=windows[1:])
    commit(store, FORENSIC, [order(1, "20"), *rows[1:]], windows=[WindowRecord("orders", date(2026, 1, 1), 7)])
    assert store.windows(FORENSIC, "orders") == {date(2026, 1, 1): 7, date(2026, 1, 2): 200}
    assert store.windows(FORENSIC, "other") == {}
    assert store.totals(FORENSIC, "orders", "day", "total") == {
        date(2026, 1, 1): Totals(2, Decimal("25.5")), date(2026, 1, 2): Totals(1, Decimal(1)),
    }  # fmt: skip
    assert store.totals(FORENSIC, "orders", "day", None)[date(2026, 1, 1)] == Totals(2, None)


@pytest.mark.parametrize("sql", ["SELECT nonsense", "SELEC 1", "SELECT * FROM nowhere", "SELECT 'x'::INTEGER"])
def test_a_wrong_query_is_the_users_fault(store, sql):
    commit(store, LIVE, [order(1)])
    with pytest.raises(QueryInvalid), store.query(sql) as found:
        pa.table(found)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM live__shop.orders",
        "DROP TABLE live__shop.orders",
        "INSERT INTO live__shop.orders SELECT * FROM live__shop.orders",
        "CREATE TABLE live__shop.more (a INTEGER)",
        "EXPLAIN ANALYZE CREATE TABLE memory.main.more AS SELECT 1",
        "/* a */ explain (analyze) COPY (SELECT 42) TO '/dev/null'",
        "EXPLAIN ANALYZE EXPLAIN ANALYZE COPY (SELECT 42) TO '/dev/null'",
        "CALL enable_logging()",
    ],
)
def test_a_query_never_writes(store, sql):
    commit(store, LIVE, [order(1)])
    with pytest.raises(QueryInvalid), store.query(sql) as found:
        pa.table(found)
    assert len(stored(store, LIVE)) == 1


def test_values_of_a_query_are_bound(store):
    commit(store, LIVE, [order(1), order(2)])
    assert rows_of(store, "SELECT id FROM live__shop.orders WHERE id = ?", 2) == [{"id": 2}]
    assert rows_of(store, "SELECT id FROM live__shop.orders WHERE CAST(id AS VARCHAR) = ?", "1' OR '1'='1") == []


@pytest.mark.parametrize(
    "sql", ["EXPLAIN SELECT 1", "EXPLAIN ANALYZE FROM live__shop.orders", "DESCRIBE live__shop.orders"]
)
def test_a_query_may_be_explained(store, sql):
    commit(store, LIVE, [order(1)])
    assert rows_of(store, sql)


@pytest.mark.parametrize(
    ("column", "spelled", "other"),
    [("total", ["1.5", "1.5000"], "1.50001"), ("at", ["2026-01-01T10:00:00Z", "2026-01-01 12:00:00+02"], "2026-01-01"),
     ("id", ["7", " 7"], "7.4")],
)  # fmt: skip
def test_a_row_is_found_however_its_key_is_spelled(store, column, spelled, other):
    dataset = Dataset("t", (Column("id", INTEGER), Column("total", MONEY), Column("at", TIMESTAMPTZ)), (column,))
    commit(store, LIVE, [{"id": 7, "total": Decimal("1.5"), "at": DAY + timedelta(hours=10)}], dataset)
    assert [len(store.history(LIVE, "t", {column: text})) for text in [*spelled, other]] == [1, 1, 0]


def test_a_dataset_or_column_that_nobody_has_is_an_unknown_name(store):
    commit(store, LIVE, [order(1)])
    for dataset, key in (("nothing", {"id": "1"}), ("orders", {"nothing": "1"})):
        with pytest.raises(UnknownName):
            store.history(LIVE, dataset, key)
    assert store.history(LIVE, "orders", {"id": "77"}) == []


def test_clearing_a_pipeline_forgets_all_of_it_and_nothing_of_others(store):
    other = Pipeline("live", "other")
    for pipeline in (LIVE, other):
        commit(store, pipeline, [order(1)], windows=[WindowRecord("orders", date(2026, 1, 1), 1)],
               refused=[Refusal("orders", ("7",), "why", "{}")])  # fmt: skip
    store.clear(LIVE)
    assert store.checkpoint(LIVE) == Checkpoint()
    assert store.windows(LIVE, "orders") == {}
    assert store.checkpoint(other).last_batch == 1
    assert rows_of(store, "SELECT datastore FROM _milepost.quarantine") == [{"datastore": "other"}]
    assert commit(store, LIVE, [order(1)]).inserted == 1
