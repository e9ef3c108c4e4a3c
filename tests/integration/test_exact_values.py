# ruff: noqa: DTZ001  # timestamps without a zone are among the values
"""What a source says is what a query gives, and a change of it is seen, however small; for both milestonings."""

from __future__ import annotations

import math
import unicodedata
import uuid
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pyarrow as pa
import pytest

from fix_store import FORENSIC, LIVE, run
from milepost.batch import Figures
from milepost.dataset import Dataset
from milepost.errors import SchemaRefused
from milepost.ports import Refusal
from milepost.schema import (
    BIGINT,
    BOOLEAN,
    BYTES,
    DATE,
    DOUBLE,
    INTEGER,
    INTERVAL,
    JSON,
    REAL,
    SMALLINT,
    TEXT,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    UUID,
    Column,
    Kind,
    Type,
    list_of,
)
from table_source import TableSource

BOTH = pytest.mark.parametrize("pipeline", [LIVE, FORENSIC], ids=str)
EXACT = Type(Kind.DECIMAL, 38, 9)
NFC, NFD = unicodedata.normalize("NFC", "Zoë"), unicodedata.normalize("NFD", "Zoë")


def span(months: int = 0, days: int = 0, nanoseconds: int = 0) -> pa.MonthDayNano:
    return pa.MonthDayNano([months, days, nanoseconds])


VALUES = {
    BOOLEAN: [True, False],
    SMALLINT: [0, -(2**15), 2**15 - 1],
    INTEGER: [0, -(2**31), 2**31 - 1],
    BIGINT: [0, 2**53 + 1, -(2**63), 2**63 - 1],
    REAL: [1.5, 0.0, -0.0, math.nan, math.inf, -math.inf, 1.401298464324817e-45],
    DOUBLE: [0.1, 0.0, -0.0, math.nan, math.inf, -math.inf, 5e-324, 1.7976931348623157e308, 2**53 + 2.0],
    EXACT: [Decimal("0E-9"), Decimal("12345678901234567890123456789.123456789"), Decimal("-0.000000001")],
    TEXT: [
        "", " ", "NULL", "null", "\\N", "0", NFC, NFD, "O'Brien \"the\" `one`", "back\\slash \\n", "line\nfeed\r\n\ttab",
        "a,b;c|d", "\U0001f600 \u200d \u202e", "x" * 10_000_000, "%s {} $1 ? :name", "'; DROP TABLE x; --",
    ],
    BYTES: [b"", b"\x00", b"\x00\xff\\x41'\"\n", bytes(range(256))],
    DATE: [date(1970, 1, 1), date(1969, 12, 31), date(1, 1, 1), date(9999, 12, 31), date(1582, 10, 10), date(2024, 2, 29)],
    TIME: [time(0), time(23, 59, 59, 999_999), time(12, 0, 0, 1)],
    TIMESTAMP: [
        datetime(1970, 1, 1), datetime(1969, 12, 31, 23, 59, 59, 999_999), datetime(1, 1, 1),
        datetime(9999, 12, 31, 23, 59, 59, 999_999), datetime(2026, 3, 29, 2, 30),
    ],
    TIMESTAMPTZ: [
        datetime(1970, 1, 1, tzinfo=UTC), datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC), datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC), datetime(2026, 3, 29, 1, 30, 0, 1, UTC),
    ],
    INTERVAL: [span(), span(1), span(0, 30), span(0, 0, 86_400_000_000_000), span(0, 1), span(-1, 30, -1000), span(12)],
    UUID: [uuid.UUID(int=0), uuid.UUID(int=2**128 - 1), uuid.UUID("01234567-89ab-cdef-0123-456789abcdef")],
    JSON: ["{}", "null", "[]", '{"a":1}', '{"a": 1}', '{"b":1,"a":1.0}', '"\\u00e9"', '{"a":1,"a":2}', "1e400"],
    list_of(TEXT): [[], [""], [None], ["a", None, "b,c"], ["a,b"], ["'", '"', "\\"]],
    list_of(INTEGER): [[], [0], [None], [1, 2], [2, 1]],
    list_of(DOUBLE): [[0.0], [], [math.nan], [1.5, None]],
    list_of(list_of(INTEGER)): [[], [[]], [[1], [2, None]], [[1, 2]], [None]],
}  # fmt: skip


def plain(value: object) -> str:
    """A value as text that tells apart what must be told apart."""
    if isinstance(value, datetime) and value.tzinfo:
        value = value.astimezone(UTC)
    if isinstance(value, uuid.UUID):  # Arrow has no such type of its own: a query gives its text
        value = str(value)
    return f"{type(value).__name__} {value!r}"


def one_column(column_type: Type, values: list) -> TableSource:
    dataset = Dataset("x", (Column("id", INTEGER), Column("value", column_type)), ("id",))
    return TableSource().put(dataset, [{"id": n, "value": value} for n, value in enumerate(values)])


@BOTH
@pytest.mark.parametrize("column_type", VALUES, ids=str)
def test_a_value_comes_back_as_it_went_in_and_is_unchanged_when_it_comes_again(runtime, rows_of, pipeline, column_type):
    values = [*VALUES[column_type], None]
    source = one_column(column_type, values)
    run(runtime, source, pipeline)
    again = run(runtime, source, pipeline)
    assert again.total == Figures(len(values), unchanged=len(values), bytes=again.total.bytes)
    found = rows_of(f"SELECT value FROM {pipeline.platform}__shop.x ORDER BY id")
    assert [plain(row["value"]) for row in found] == [plain(v) for v in values]


@pytest.mark.parametrize("column_type", VALUES, ids=str)
def test_every_two_values_are_told_apart_and_null_from_all_of_them(runtime, rows_of, column_type):
    values = [*VALUES[column_type], None]
    turned = values[1:] + values[:1]
    run(runtime, one_column(column_type, values), FORENSIC)
    report = run(runtime, one_column(column_type, turned), FORENSIC)
    assert (report.total.updated, report.total.unchanged) == (len(values), 0)
    for batch, expected in ((1, values), (2, turned)):
        found = rows_of(f"SELECT value FROM forensic__shop.x WHERE _batch_in = {batch} ORDER BY id")
        assert [plain(row["value"]) for row in found] == [plain(v) for v in expected]


PAIRS = [
    (TEXT, None, ""), (TEXT, "", "0"), (TEXT, "", " "), (TEXT, NFC, NFD), (TEXT, "a", "A"), (TEXT, "a", "a "),
    (INTEGER, None, 0), (BOOLEAN, None, False), (DOUBLE, 0.0, -0.0), (DOUBLE, math.nan, None), (REAL, 0.0, -0.0),
    (DOUBLE, 0.1, 0.1 + 2**-56), (INTERVAL, span(1), span(0, 30)), (INTERVAL, span(0, 1), span(0, 0, 86_400_000_000_000)),
    (EXACT, Decimal("1.000000001"), Decimal("1.000000002")), (BYTES, None, b""), (BYTES, b"\x00", b""),
    (TIMESTAMPTZ, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 0, 0, 1, UTC)),
    (JSON, None, "null"), (JSON, '{"a":1}', '{"a": 1}'), (list_of(TEXT), None, []), (list_of(TEXT), [], [None]),
    (list_of(TEXT), ["a,b"], ["a", "b"]), (list_of(DOUBLE), [0.0], [math.nan]),
]  # fmt: skip


ANCHORS = {REAL: 7.5, DOUBLE: 7.5}  # why: the tests of zeros below


@BOTH
@pytest.mark.parametrize(("column_type", "change"), [(t, (a, b)) for t, a, b in PAIRS], ids=lambda v: str(v)[:40])
def test_the_smallest_change_is_a_change(runtime, rows_of, pipeline, column_type, change):
    before, after = change
    anchor = ANCHORS.get(column_type) or VALUES[column_type][0]
    run(runtime, one_column(column_type, [before, anchor]), pipeline)
    report = run(runtime, one_column(column_type, [after, anchor]), pipeline)
    assert (report.total.updated, report.total.unchanged) == (1, 1)
    found = rows_of(f"SELECT value FROM {pipeline.platform}__shop.x WHERE id = 0 ORDER BY _batch_in")
    versions = [before, after] if pipeline is FORENSIC else [after]
    assert [plain(row["value"]) for row in found] == [plain(v) for v in versions]


def test_the_sign_of_zeros_survives_among_other_values_however_often_it_turns(runtime, rows_of):
    values = [0.0, 0.0, 0.0, -0.0, -0.0, 0.0, 1.5] * 500
    run(runtime, one_column(DOUBLE, values))
    assert run(runtime, one_column(DOUBLE, values)).total.unchanged == len(values)


@pytest.mark.xfail(reason="DuckDB 1.5.5 keeps nothing but zeros as one constant, and lists by RLE: signs are lost")
@pytest.mark.parametrize(("column_type", "values"), [(DOUBLE, [0.0, -0.0]), (list_of(DOUBLE), [[0.0, 0.0, -0.0, 1.5]])])
def test_the_sign_of_zeros_survives_in_a_column_of_nothing_else_and_in_lists(runtime, column_type, values):
    source = one_column(column_type, values)
    run(runtime, source)
    assert run(runtime, source).total.unchanged == len(values)


NAMES = [
    "select", "Order", "order", "ORDER", "group by", 'quo"te', "it's", "dot.ted", "semi;colon", "-- comment", "ünïcode",
    NFC, NFD, "\U0001f600", " leading", "trailing ", "new\nline", "back\\slash", "x" * 63, "x" * 64, "x" * 200, "X" * 64, "rowid",
    "s", "o", "op", "staged_row", "changes", "%s", "?", "$1", "{name}", "1", "c0", "c1", "null", "batch_in", "platform",
]  # fmt: skip


@BOTH
def test_columns_of_any_name_keep_their_values_apart(runtime, pipeline):
    dataset = Dataset("odd", tuple(Column(name, TEXT) for name in NAMES), ("select", "order"))
    first = {name: f"{n} of {name}" for n, name in enumerate(NAMES)}
    second = {**first, "select": "another", "ORDER": "changed"}
    source = TableSource().put(dataset, [first, second])
    run(runtime, source, pipeline)
    changed = {**second, "ORDER": "changed again"}
    report = run(runtime, source.put(dataset, [first, changed]), pipeline, 1.0)
    assert (report.total.updated, report.total.unchanged) == (1, 1)
    versions = runtime.store.history(pipeline, "odd", {"select": "another", "order": first["order"]})
    assert [{n: v[n] for n in NAMES} for v in versions][-1] == changed
    assert len(versions) == (2 if pipeline is FORENSIC else 1)


@BOTH
def test_datasets_of_any_name_keep_their_rows_apart(runtime, pipeline):
    names = [
        "Orders",
        "orders",
        "ORDERS",
        "x",
        "x__open",
        "x__closed",
        "X__open",
        "select",
        "a.b",
        'a"b',
        "a b",
        "y" * 70,
        "_milepost",
        "changes",
        "d0",
        NFC,
        NFD,
    ]
    columns = (Column("id", INTEGER), Column("of", TEXT))
    source = TableSource()
    for name in names:
        source.put(Dataset(name, columns, ("id",)), [{"id": 1, "of": name}, {"id": 2, "of": f"{name} 2"}])
    for number in (1, 2):
        report = run(runtime, source, pipeline)
        expected = Figures(2, inserted=2) if number == 1 else Figures(2, unchanged=2)
        assert {n: (f.inserted, f.unchanged) for n, f in report.datasets.items()} == dict.fromkeys(
            names, (expected.inserted, expected.unchanged)
        )
    for name in names:
        (version,) = runtime.store.history(pipeline, name, {"id": "2"})
        assert version["of"] == f"{name} 2"


@BOTH
def test_a_dataset_named_as_another_one_is_kept_collides_with_nothing(runtime, pipeline):
    names = ["x__open", "x__open_", "x__closed", "x__closed_", "x"]
    source = TableSource()
    for name in names:
        source.put(Dataset(name, (Column("of", TEXT),), ("of",)), [{"of": name}])
    run(runtime, source, pipeline)
    assert [runtime.store.history(pipeline, n, {"of": n})[0]["of"] for n in names] == names


@pytest.mark.parametrize("name", ["_batch_in", "_BATCH_OUT", "_Valid_From", "_valid_to", "_occurrence"])
def test_a_column_with_the_name_of_a_system_column_is_refused(runtime, name):
    source = TableSource().put(
        Dataset("x", (Column("id", INTEGER), Column(name, TEXT)), ("id",)), [{"id": 1, name: "a"}]
    )
    with pytest.raises(SchemaRefused, match=name):
        run(runtime, source)


@BOTH
def test_rows_of_a_composite_key_are_told_apart_by_all_of_it(runtime, rows_of, pipeline):
    columns = (Column("a", TEXT), Column("b", TEXT), Column("c", INTEGER), Column("value", TEXT))
    dataset = Dataset("x", columns, ("a", "b", "c"))
    keys = [
        ("ab", "c", 1),
        ("a", "bc", 1),
        ("", "abc", 1),
        ("abc", "", 1),
        ("ab", "c", 2),
        ("a, b", "c", 1),
        ("a", "b, c", 1),
    ]
    rows = [{"a": a, "b": b, "c": c, "value": f"{a}|{b}|{c}"} for a, b, c in keys]
    assert run(runtime, TableSource().put(dataset, rows), pipeline).total.inserted == len(keys)
    changed = [{**rows[0], "value": "new"}, *rows[1:]]
    report = run(runtime, TableSource().put(dataset, changed), pipeline)
    assert (report.total.updated, report.total.unchanged) == (1, len(keys) - 1)


@pytest.mark.parametrize("column_type", VALUES, ids=str)
def test_a_refused_row_is_kept_as_json_whatever_is_in_it(runtime, rows_of, column_type):
    values = [v for v in VALUES[column_type] if not (isinstance(v, str) and len(v) > 1000)]
    dataset = Dataset("x", (Column("id", INTEGER), Column("value", column_type)), ("id",))
    rows = [{"id": None, "value": value} for value in values]
    report = run(runtime, TableSource().put(dataset, rows))
    assert report.total.quarantined == len(rows)
    kept = rows_of("SELECT reason, row_text FROM _milepost.quarantine")
    assert len(kept) == len(rows)
    assert all(row["reason"] == "the key is NULL" and row["row_text"].startswith("{") for row in kept)


@BOTH
def test_a_key_may_be_of_any_type_and_still_tells_rows_apart(runtime, pipeline):
    for column_type, values in VALUES.items():
        dataset = Dataset(f"by {column_type}", (Column("id", column_type), Column("n", INTEGER)), ("id",))
        apart = [v for v in values if v is not None and plain(v) not in SAME_KEY]
        source = TableSource().put(dataset, [{"id": v, "n": n} for n, v in enumerate(apart)])
        assert run(runtime, source, pipeline).total.inserted == len(apart), column_type
        assert run(runtime, source, pipeline).total.unchanged == len(apart), column_type


# As keys, these equal another value of their type: 0.0 and -0.0, a month and thirty days.
SAME_KEY = {plain(v) for v in (-0.0, span(0, 30), span(0, 0, 86_400_000_000_000), span(-1, 30, -1000), [-0.0])}

CASTS = [
    (INTEGER, pa.array(["1", "x", " 2 "]), [1, 2]),
    (INTEGER, pa.array([1, 2**40, 3], pa.int64()), [1, 3]),
    (DATE, pa.array(["2026-01-01", "2026-02-30", "yesterday"]), [date(2026, 1, 1)]),
    (UUID, pa.array(["01234567-89ab-cdef-0123-456789abcdef", "nonsense"]), ["01234567-89ab-cdef-0123-456789abcdef"]),
    (BOOLEAN, pa.array(["true", "maybe", None]), [True, None]),
    (TEXT, pa.array([1, 2], pa.int64()), ["1", "2"]),
]  # fmt: skip


class Raw(TableSource):
    """A source whose values come in another Arrow type than declared."""

    def __init__(self, dataset: Dataset, arrays: dict[str, pa.Array], refused: tuple[Refusal, ...] = ()) -> None:
        super().__init__(refused=refused)
        self.put(dataset, [])
        self.arrays = arrays

    def snapshot(self, datasets):
        from contextlib import nullcontext

        from milepost.ports import Chunk

        class Reading:
            taken_at = self.taken_at

            def read(_, dataset, since=None):  # noqa: N805
                yield Chunk({dataset.name: pa.table(self.arrays)}, self.refused)

        return nullcontext(Reading())


@pytest.mark.parametrize(("column_type", "array", "kept"), CASTS, ids=lambda v: str(v)[:12])
def test_a_value_that_is_not_of_its_type_refuses_its_row_and_no_other(runtime, rows_of, column_type, array, kept):
    dataset = Dataset("x", (Column("id", INTEGER), Column("value", column_type)), ("id",))
    source = Raw(dataset, {"id": pa.array(range(len(array)), pa.int32()), "value": array})
    report = run(runtime, source)
    assert (report.total.inserted, report.total.quarantined) == (len(kept), len(array) - len(kept))
    assert [row["value"] for row in rows_of("SELECT value FROM forensic__shop.x ORDER BY id")] == kept


LOSSES = [
    (INTEGER, pa.array([1.0, 1.5]), 1),
    (INTEGER, pa.array(["1", "1.5"]), 1),
    (Type(Kind.DECIMAL, 18, 4), pa.array([Decimal("1.2345"), Decimal("1.23456")], pa.decimal128(38, 9)), 1),
    (Type(Kind.DECIMAL, 18, 4), pa.array(["1.2345", "1.23456"]), 1),
    (DOUBLE, pa.array([1, 2**53 + 1], pa.int64()), 1),
    (DATE, pa.array([datetime(2026, 1, 1), datetime(2026, 1, 1, 12)], pa.timestamp("us")), 1),
    (TIMESTAMP, pa.array([1000, 1001], pa.timestamp("ns")), 1),
]


@pytest.mark.parametrize(("column_type", "array", "kept"), LOSSES, ids=lambda v: str(v)[:12])
def test_a_value_is_never_rounded_to_fit_its_type(runtime, column_type, array, kept):
    dataset = Dataset("x", (Column("id", INTEGER), Column("value", column_type)), ("id",))
    source = Raw(dataset, {"id": pa.array(range(len(array)), pa.int32()), "value": array})
    report = run(runtime, source)
    assert (report.total.inserted, report.total.quarantined) == (kept, len(array) - kept)


def test_a_keyless_snapshot_with_a_refused_row_is_merged_without_it(runtime, rows_of):
    dataset = Dataset("x", (Column("value", INTEGER),))
    run(runtime, Raw(dataset, {"value": pa.array([1, 2, 3, 4, 5], pa.int32())}))
    report = run(runtime, Raw(dataset, {"value": pa.array(["1", "2", "3", "4", "oops"])}))
    assert (report.total.quarantined, report.total.deleted, report.total.unchanged) == (1, 1, 4)


REFUSED_KEYS = [("id",), ("part", "id")]


@pytest.mark.parametrize("key", REFUSED_KEYS, ids=len)
def test_a_row_that_the_source_refused_keeps_what_is_stored_of_its_key(runtime, key):
    dataset = Dataset("x", (Column("part", TEXT), Column("id", INTEGER)), key)
    rows = [{"part": "a", "id": n} for n in range(10)]
    run(runtime, TableSource().put(dataset, rows))
    refused = [Refusal("x", ("3",) if len(key) == 1 else ("a", "3"), "it has no amount", '{"id": 3}')]
    report = run(runtime, TableSource(refused=refused).put(dataset, rows[:3] + rows[4:]))
    assert (report.total.quarantined, report.total.deleted) == (1, 0)
