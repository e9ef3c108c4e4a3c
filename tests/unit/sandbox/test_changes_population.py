"""The simulator's population keeps every reference whole, whatever happens, and repeats itself for a seed."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.sandbox.changes.population import DEFAULT_WEIGHTS, ChangeKind, Household, Population
from milepost.sandbox.changes.rows import ADDRESSES, CUSTOMERS, RowChange, Verb
from milepost.sandbox.changes.values import EXOTIC_TEXTS, Values


class Tables:
    """A naive database: two dicts of rows, which refuse what PostgreSQL would refuse."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, dict[str, object]]] = {CUSTOMERS: {}, ADDRESSES: {}}

    def apply(self, changes: list[RowChange]) -> None:
        for change in changes:
            table = self.rows[change.table]
            match change.verb:
                case Verb.INSERT:
                    assert change.key not in table
                    table[change.key] = dict(change.values)
                case Verb.UPDATE:
                    assert change.values
                    row = table.pop(change.key) | change.values
                    table[str(row.pop("id", change.key))] = row
                case Verb.DELETE:
                    del table[change.key]
        self.check()

    def check(self) -> None:
        customers, addresses = self.rows[CUSTOMERS], self.rows[ADDRESSES]
        for row in addresses.values():
            assert row["customerId"] in customers
        for key, row in customers.items():
            assert addresses[str(row["primaryAddressId"])]["customerId"] == key
            if row["billingAddressId"] is not None:
                assert addresses[str(row["billingAddressId"])]["customerId"] == key


def population(seed: int, exotic: float = 0.05) -> Population:
    return Population(Values(Random(seed), exotic))


kinds = st.lists(st.sampled_from(ChangeKind), max_size=80)


@given(st.integers(0, 2**32), kinds)
def test_every_event_keeps_references_whole(seed: int, events: list[ChangeKind]) -> None:
    people, tables = population(seed), Tables()
    for kind in events:
        tables.apply(people.plan(kind))
    assert people.households.keys() == tables.rows[CUSTOMERS].keys()
    kept = {address for household in people.households.values() for address in household.addresses}
    assert kept == tables.rows[ADDRESSES].keys()


@given(st.integers(0, 2**32), kinds)
def test_the_same_seed_plans_the_same_rows(seed: int, events: list[ChangeKind]) -> None:
    one, other = population(seed), population(seed)
    assert [one.plan(kind) for kind in events] == [other.plan(kind) for kind in events]


@pytest.mark.parametrize("kind", ChangeKind)
def test_an_empty_database_gets_a_customer_first(kind: ChangeKind) -> None:
    rows = population(1).plan(kind)
    assert [rows[0].verb, rows[0].table] == [Verb.INSERT, CUSTOMERS]


def test_a_deleted_key_comes_back() -> None:
    people, tables = population(1), Tables()
    tables.apply(people.plan(ChangeKind.INSERT_CUSTOMER))
    (key,) = people.households
    tables.apply(people.plan(ChangeKind.DELETE_CUSTOMER))
    tables.apply(people.plan(ChangeKind.INSERT_CUSTOMER))
    tables.apply(people.plan(ChangeKind.REINSERT_CUSTOMER))
    assert key in people.households


def test_a_renamed_customer_takes_the_addresses_along() -> None:
    people, tables = population(1), Tables()
    people.settle({"C000007": Household("A000001", None, ["A000001", "A000002"])})
    tables.rows = {
        CUSTOMERS: {"C000007": {"primaryAddressId": "A000001", "billingAddressId": None}},
        ADDRESSES: {"A000001": {"customerId": "C000007"}, "A000002": {"customerId": "C000007"}},
    }
    tables.apply(people.plan(ChangeKind.RENAME_CUSTOMER))
    assert {row["customerId"] for row in tables.rows[ADDRESSES].values()} == {"C000008"}


def test_new_keys_never_meet_those_in_use() -> None:
    people = population(1)
    people.settle({"C000041": Household("A000009", None, ["A000009"]), "stranger": Household("A000009", None, [])})
    rows = people.plan(ChangeKind.INSERT_CUSTOMER)
    assert [row.key for row in rows][:2] == ["C000042", "A000010"]


def test_an_address_of_a_household_without_one_is_inserted() -> None:
    people = population(1)
    people.settle({"lodger": Household("A000009", None, [])})
    for kind in (ChangeKind.UPDATE_ADDRESS, ChangeKind.DELETE_ADDRESS):
        (row,) = people.plan(kind)
        assert (row.verb, row.table) == (Verb.INSERT, ADDRESSES)


def test_exotic_values_are_all_met_and_fit_their_columns() -> None:
    values = Values(Random(0), exotic=1.0)
    seen = [{**values.customer(), **values.address()} for _ in range(1000)]
    assert {row["firstName"] for row in seen} == set(EXOTIC_TEXTS)
    limits = {"firstName": 100, "lastName": 100, "email": 200, "phone": 40, "streetName": 200, "zipCode": 20}
    for column, limit in limits.items():
        assert max(len(str(row[column])) for row in seen if row[column] is not None) <= limit
    assert {row["phone"] for row in seen} >= {None, ""}


def test_every_kind_has_a_weight() -> None:
    assert set(DEFAULT_WEIGHTS) == set(ChangeKind)
