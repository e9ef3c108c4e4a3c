"""A query's answer: types, limits, columns of one name."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pyarrow as pa

from milepost.cli.rows import read

TABLE = pa.table(
    {"id": [1, 2, 3], "name": ["a", None, ""], "total": pa.array([Decimal("1.50"), None, None], pa.decimal128(18, 2))}
)


def test_types_rows_and_which_are_numbers() -> None:
    answer = read(TABLE, None)
    assert answer.types == ("int64", "string", "decimal128(18, 2)")
    assert answer.numeric == (True, False, True)
    assert answer.rows[0] == (1, "a", Decimal("1.50"))
    assert not answer.more


def test_a_limit_says_whether_there_is_more() -> None:
    assert [read(TABLE, limit).more for limit in (0, 2, 3, 4)] == [True, True, False, False]
    assert len(read(TABLE, 2).rows) == 2


def test_columns_of_one_name_are_all_kept() -> None:
    doubled = pa.Table.from_arrays([pa.array([1]), pa.array([2]), pa.array([3])], names=["n", "n", "n_2"])
    assert read(doubled, None).records() == [{"n": 1, "n_2": 2, "n_2_2": 3}]


def test_no_columns_and_no_rows() -> None:
    assert read(pa.table({"x": pa.array([], pa.int32())}), None).rows == []


def test_dates_and_instants_that_python_has_no_value_for_come_as_text() -> None:
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        answer = read(
            connection.sql(
                "SELECT * FROM (VALUES (DATE '0044-03-15 (BC)', TIMESTAMPTZ 'infinity', DATE '2026-01-01'), (NULL, NULL, NULL))"
            ).to_arrow_reader(),
            None,
        )
    assert answer.rows == [("0044-03-15 (BC)", "infinity", date(2026, 1, 1)), (None, None, None)]
