"""Options of the simulator that cannot be used are refused before anything is opened; figures add up."""

from __future__ import annotations

import pytest

from milepost.errors import RangeInvalid
from milepost.sandbox.changes import ChangeKind, ChangeSimulator
from milepost.sandbox.changes.figures import Tally
from milepost.sandbox.changes.rows import ADDRESSES, CUSTOMERS, RowChange, Verb, statement


@pytest.mark.parametrize(
    "options",
    [
        {"rate": 0},
        {"rate": float("nan")},
        {"max_changes": 0},
        {"duration": -1},
        {"changes_per_transaction": 0},
        {"weights": {}},
        {"weights": {ChangeKind.INSERT_CUSTOMER: 0}},
        {"weights": {ChangeKind.INSERT_CUSTOMER: 2, ChangeKind.DELETE_CUSTOMER: -1}},
    ],
)
def test_unusable_options_are_refused(options: dict) -> None:
    with pytest.raises(RangeInvalid, match="expected"):
        ChangeSimulator("postgresql://nowhere.invalid", **options)


def test_identifiers_are_quoted_and_values_bound() -> None:
    update = RowChange(Verb.UPDATE, CUSTOMERS, "C1", {"firstName": "O'Hara", "id": "C2"})
    text, values = statement(update)
    assert text.decode() == 'UPDATE "customers" SET "firstName" = %s, "id" = %s WHERE "id" = %s'
    assert values == ["O'Hara", "C2", "C1"]
    text, values = statement(RowChange(Verb.INSERT, ADDRESSES, "A1", {"customerId": "C1"}))
    assert text.decode() == 'INSERT INTO "addresses" ("id", "customerId") VALUES (%s, %s)'
    assert values == ["A1", "C1"]
    text, values = statement(RowChange(Verb.DELETE, ADDRESSES, "A1"))
    assert (text.decode(), values) == ('DELETE FROM "addresses" WHERE "id" = %s', ["A1"])


def test_figures_count_rows_by_verb_and_table() -> None:
    tally = Tally(conflicts=1)
    tally.committed(2, [RowChange(Verb.DELETE, ADDRESSES, "A1"), RowChange(Verb.DELETE, CUSTOMERS, "C1")])
    tally.committed(1, [RowChange(Verb.DELETE, ADDRESSES, "A2")])
    assert tally.figures(1.23456).as_dict() == {
        "customers_inserts": 0,
        "addresses_inserts": 0,
        "customers_updates": 0,
        "addresses_updates": 0,
        "customers_deletes": 1,
        "addresses_deletes": 2,
        "changes": 3,
        "transactions": 2,
        "conflicts": 1,
        "seconds": 1.235,
    }
