"""A dataset's declaration is checked where it is made."""

from __future__ import annotations

import pytest

from milepost.dataset import Dataset, ReadMode
from milepost.errors import ModelInvalid, UnknownName
from milepost.schema import BOOLEAN, INTEGER, TEXT, Column

COLUMNS = (Column("id", INTEGER), Column("text", TEXT), Column("gone", BOOLEAN))


@pytest.mark.parametrize(
    ("declaration", "named"),
    [
        ({"columns": (*COLUMNS, Column("id", TEXT))}, "twice"),
        ({"key": ("missing",)}, "'missing'"),
        ({"key": ("id",), "cursor": "missing", "read_mode": ReadMode.INCREMENTAL}, "'missing'"),
        ({"key": ("id",), "deleted_mark": "missing", "read_mode": ReadMode.INCREMENTAL}, "'missing'"),
        ({"key": ("id",), "deleted_mark": "gone"}, "delete mark"),
        ({"key": ("id",), "deleted_mark": "gone", "read_mode": ReadMode.APPEND}, "delete mark"),
        ({"read_mode": ReadMode.INCREMENTAL}, "no key"),
        ({"read_mode": ReadMode.APPEND}, "no key"),
    ],
)
def test_a_declaration_that_cannot_be_merged_is_refused(declaration, named):
    with pytest.raises(ModelInvalid, match=named):
        Dataset("shop", **{"columns": COLUMNS, **declaration})


def test_two_columns_that_differ_only_by_case_are_two_columns():
    dataset = Dataset("shop", (Column("Name", TEXT), Column("name", TEXT)))
    assert dataset.column("Name") is not dataset.column("name")


def test_values_are_the_columns_outside_the_key_in_their_order():
    dataset = Dataset("shop", COLUMNS, ("text",))
    assert [c.name for c in dataset.values] == ["id", "gone"]


def test_a_column_that_nobody_declared_is_an_unknown_name():
    with pytest.raises(UnknownName):
        Dataset("shop", COLUMNS).column("Id")
