"""Types, their spellings, what widens to what, and what may change between two versions of a schema."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.errors import ModelInvalid
from milepost.schema import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    JSON,
    REAL,
    SMALLINT,
    TEXT,
    TIMESTAMP,
    TIMESTAMPTZ,
    UUID,
    ChangeKind,
    Column,
    Kind,
    Type,
    diff,
    list_of,
)

plain = st.sampled_from([k for k in Kind if k not in {Kind.DECIMAL, Kind.LIST}]).map(Type)
decimals = st.integers(1, 38).flatmap(lambda p: st.builds(Type, st.just(Kind.DECIMAL), st.just(p), st.integers(0, p)))
types = st.recursive(plain | decimals, lambda inner: inner.map(list_of), max_leaves=3)


def decimal(precision: int, scale: int) -> Type:
    return Type(Kind.DECIMAL, precision, scale)


@given(types)
def test_a_type_is_read_back_from_its_spelling(column_type):
    assert Type.parse(str(column_type)) == column_type


@given(types)
def test_case_and_blanks_around_a_spelling_do_not_matter(column_type):
    assert Type.parse(f"  {str(column_type).upper()} ") == column_type


@pytest.mark.parametrize(
    "spelling",
    [
        "",
        "varchar",
        "decimal",
        "decimal(18)",
        "text(3)",
        "list",
        "list<>",
        "list<decimal>",
        "date<text>",
        "decimal(a,b)",
    ],
)
def test_a_wrong_spelling_is_refused_with_what_is_right(spelling):
    with pytest.raises(ModelInvalid) as refused:
        Type.parse(spelling)
    assert refused.value.hint


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        (SMALLINT, INTEGER), (SMALLINT, BIGINT), (INTEGER, BIGINT), (SMALLINT, REAL), (INTEGER, DOUBLE), (REAL, DOUBLE),
        (UUID, TEXT), (JSON, TEXT), (decimal(10, 2), decimal(12, 4)), (decimal(10, 2), decimal(18, 2)),
        (BIGINT, decimal(19, 0)), (INTEGER, decimal(38, 9)), (list_of(INTEGER), list_of(BIGINT)),
    ],
    ids=str,
)  # fmt: skip
def test_a_type_widens_where_every_value_stays_what_it_is_and_never_back(narrow, wide):
    assert narrow.widens_to(wide)
    assert not wide.widens_to(narrow)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (BIGINT, DOUBLE), (INTEGER, REAL), (BIGINT, decimal(18, 0)), (DATE, TIMESTAMP), (TIMESTAMP, TIMESTAMPTZ),
        (TEXT, UUID), (INTEGER, TEXT), (BOOLEAN, INTEGER), (decimal(10, 4), decimal(12, 2)),
        (decimal(10, 2), decimal(10, 4)), (DOUBLE, decimal(38, 9)), (list_of(INTEGER), INTEGER), (INTEGER, list_of(INTEGER)),
    ],
    ids=str,
)  # fmt: skip
def test_a_change_that_could_lose_or_reinterpret_a_value_is_no_widening(before, after):
    assert not before.widens_to(after)


@given(types, types, types)
def test_widening_is_reflexive_and_transitive(a, b, c):
    assert a.widens_to(a)
    if a.widens_to(b) and b.widens_to(c):
        assert a.widens_to(c)


@given(types, types)
def test_two_types_that_widen_to_each_other_are_one(a, b):
    if a.widens_to(b) and b.widens_to(a):
        assert a == b


A, B, C = Column("a", INTEGER), Column("b", TEXT), Column("c", DATE)


@pytest.mark.parametrize(
    ("old", "new", "kinds", "followed"),
    [
        ((A, B), (A, B), [], True),
        ((A,), (A, B), [ChangeKind.ADDED], True),
        ((A, B), (A, C, B), [ChangeKind.ADDED], True),
        ((A, B), (B, A), [ChangeKind.REORDERED], True),
        ((A,), (Column("a", BIGINT),), [ChangeKind.WIDENED], True),
        ((A,), (Column("a", SMALLINT),), [ChangeKind.NARROWED], False),
        ((A,), (Column("a", TEXT),), [ChangeKind.NARROWED], False),
        ((A, B), (A,), [ChangeKind.DROPPED], False),
        ((A, B), (A, C), [ChangeKind.DROPPED, ChangeKind.ADDED], False),
        ((A,), (Column("A", INTEGER),), [ChangeKind.DROPPED, ChangeKind.ADDED], False),
        ((A,), (Column("a", INTEGER, nullable=False, classification="PII"),), [], True),
    ],
)
def test_what_changed_between_two_schemas_and_whether_it_can_be_followed(old, new, kinds, followed):
    changes = diff(old, new)
    assert [c.kind for c in changes] == kinds
    assert all(c.allowed for c in changes) is followed


def test_a_changed_key_is_a_change_that_cannot_be_followed():
    (change,) = diff((A, B), (A, B), old_key=("a",), new_key=("a", "b"))
    assert (change.kind, change.allowed) == (ChangeKind.KEY_CHANGED, False)
    assert str(change) == "column 'key' key changed (a → a, b)"


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ((A,), (A, B), "column 'b' added (text)"),
        ((A, B), (A,), "column 'b' dropped (text)"),
        ((A,), (Column("a", BIGINT),), "column 'a' widened (integer → bigint)"),
    ],
)
def test_a_change_is_told_in_words(old, new, text):
    assert [str(c) for c in diff(old, new)] == [text]


columns = st.lists(st.builds(Column, st.sampled_from("abcdefAB"), types), unique_by=lambda c: c.name, min_size=1).map(
    tuple
)


@given(columns)
def test_a_schema_does_not_differ_from_itself(schema):
    assert diff(schema, schema) == ()


@given(columns, columns)
def test_every_column_that_differs_is_named_exactly_once(old, new):
    changes = [c for c in diff(old, new) if c.kind is not ChangeKind.REORDERED]
    before, after = {c.name: c.type for c in old}, {c.name: c.type for c in new}
    differing = {n for n in before.keys() | after.keys() if before.get(n) != after.get(n)}
    assert sorted(c.column for c in changes) == sorted(differing)


@given(columns, columns)
def test_columns_only_added_never_stop_a_batch(old, more):
    new = (*old, *(c for c in more if c.name not in {o.name for o in old}))
    assert all(change.allowed for change in diff(old, new))
