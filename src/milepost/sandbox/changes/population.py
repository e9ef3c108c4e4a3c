"""Who lives where, and what happens to them next: pure, no database. Each event keeps the references whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from milepost.sandbox.changes.keys import Keys, NewKeys
from milepost.sandbox.changes.rows import ADDRESSES, CUSTOMERS, RowChange, Verb

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

    from milepost.sandbox.changes.values import Values

_REUSED_ADDRESS_KEYS = 0.2
_SECOND_ADDRESS = 0.5


class ChangeKind(StrEnum):
    """The business events. An event that the data do not allow becomes the nearest one that they do."""

    INSERT_CUSTOMER = "insert_customer"
    INSERT_ADDRESS = "insert_address"
    UPDATE_CUSTOMER = "update_customer"
    UPDATE_ADDRESS = "update_address"
    DELETE_CUSTOMER = "delete_customer"
    DELETE_ADDRESS = "delete_address"
    REINSERT_CUSTOMER = "reinsert_customer"
    RENAME_CUSTOMER = "rename_customer"


DEFAULT_WEIGHTS: Mapping[ChangeKind, float] = {
    ChangeKind.INSERT_CUSTOMER: 12,
    ChangeKind.INSERT_ADDRESS: 12,
    ChangeKind.UPDATE_CUSTOMER: 35,
    ChangeKind.UPDATE_ADDRESS: 20,
    ChangeKind.DELETE_CUSTOMER: 8,
    ChangeKind.DELETE_ADDRESS: 8,
    ChangeKind.REINSERT_CUSTOMER: 4,
    ChangeKind.RENAME_CUSTOMER: 1,
}


@dataclass(slots=True)
class Household:
    """A customer's references: the primary and the billing address, and every address that is theirs."""

    primary: str
    billing: str | None
    addresses: list[str] = field(default_factory=list)


class Population:
    """The customers and addresses that exist, and the keys of those that did; `plan` moves it on by one event."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._rng: Random = values.rng
        self._households: dict[str, Household] = {}
        self._living, self._gone, self._gone_addresses = Keys(), Keys(), Keys()
        self._new_customer, self._new_address = NewKeys("C"), NewKeys("A")
        self._events: dict[ChangeKind, Callable[[], list[RowChange]]] = {
            ChangeKind.INSERT_CUSTOMER: self._insert_customer,
            ChangeKind.INSERT_ADDRESS: self._insert_address,
            ChangeKind.UPDATE_CUSTOMER: self._update_customer,
            ChangeKind.UPDATE_ADDRESS: self._update_address,
            ChangeKind.DELETE_CUSTOMER: self._delete_customer,
            ChangeKind.DELETE_ADDRESS: self._delete_address,
            ChangeKind.REINSERT_CUSTOMER: self._reinsert_customer,
            ChangeKind.RENAME_CUSTOMER: self._rename_customer,
        }

    @property
    def households(self) -> Mapping[str, Household]:
        """What exists now, by the customer's key."""
        return self._households

    def settle(self, households: Mapping[str, Household]) -> None:
        """Take over what the database has, in the order given; keys that are gone stay known."""
        gone = [key for key in self._households if key not in households]
        self._households = dict(households)
        self._living = Keys(households)
        for key in gone:
            self._gone.add(key)
        for key, household in households.items():
            self._new_customer.saw(key)
            _discard(self._gone, key)
            for address in household.addresses:
                self._new_address.saw(address)
                _discard(self._gone_addresses, address)

    def plan(self, kind: ChangeKind) -> list[RowChange]:
        """The rows that the event changes, in an order for one transaction with deferred foreign keys."""
        return self._events[kind]() if self._living else self._insert_customer()

    def _insert_customer(self) -> list[RowChange]:
        return self._move_in(self._new_customer.next())

    def _reinsert_customer(self) -> list[RowChange]:
        if not self._gone:
            return self._insert_customer()
        key = self._gone.draw(self._rng)
        self._gone.remove(key)
        return self._move_in(key)

    def _move_in(self, key: str) -> list[RowChange]:
        count = 2 if self._rng.random() < _SECOND_ADDRESS else 1
        addresses = [self._address_key() for _ in range(count)]
        household = Household(addresses[0], self._rng.choice([None, *addresses]), addresses)
        self._households[key] = household
        self._living.add(key)
        references = {"primaryAddressId": household.primary, "billingAddressId": household.billing}
        person = RowChange(Verb.INSERT, CUSTOMERS, key, {**self._values.customer(), **references})
        return [person, *(self._new_row(address, key) for address in addresses)]

    def _insert_address(self) -> list[RowChange]:
        key, household = self._someone()
        address = self._address_key()
        household.addresses.append(address)
        return [self._new_row(address, key)]

    def _new_row(self, address: str, customer: str) -> RowChange:
        return RowChange(Verb.INSERT, ADDRESSES, address, {"customerId": customer, **self._values.address()})

    def _update_customer(self) -> list[RowChange]:
        key, household = self._someone()
        choices = self._values.customer()
        if household.addresses:
            choices["primaryAddressId"] = self._rng.choice(household.addresses)
            choices["billingAddressId"] = self._rng.choice([None, *household.addresses])
        changed = self._some_of(choices)
        household.primary = str(changed.get("primaryAddressId", household.primary))
        if "billingAddressId" in changed:
            billing = changed["billingAddressId"]
            household.billing = None if billing is None else str(billing)
        return [RowChange(Verb.UPDATE, CUSTOMERS, key, changed)]

    def _update_address(self) -> list[RowChange]:
        _, household = self._someone()
        if not household.addresses:
            return self._insert_address()
        address = self._rng.choice(household.addresses)
        return [RowChange(Verb.UPDATE, ADDRESSES, address, self._some_of(self._values.address()))]

    def _delete_customer(self) -> list[RowChange]:
        key, household = self._someone()
        del self._households[key]
        self._living.remove(key)
        self._gone.add(key)
        for address in household.addresses:
            self._gone_addresses.add(address)
        rows = [RowChange(Verb.DELETE, ADDRESSES, address) for address in household.addresses]
        return [*rows, RowChange(Verb.DELETE, CUSTOMERS, key)]

    def _delete_address(self) -> list[RowChange]:
        key, household = self._someone()
        if len(household.addresses) < 2:
            return self._insert_address()
        address = self._rng.choice(household.addresses)
        household.addresses.remove(address)
        self._gone_addresses.add(address)
        moved: dict[str, object] = {}
        if household.primary == address:
            household.primary = moved["primaryAddressId"] = self._rng.choice(household.addresses)
        if household.billing == address:
            household.billing = moved["billingAddressId"] = self._rng.choice([None, household.primary])
        gone = RowChange(Verb.DELETE, ADDRESSES, address)
        return [RowChange(Verb.UPDATE, CUSTOMERS, key, moved), gone] if moved else [gone]

    def _rename_customer(self) -> list[RowChange]:
        key, household = self._someone()
        renamed = self._new_customer.next()
        self._households[renamed] = self._households.pop(key)
        self._living.remove(key)
        self._living.add(renamed)
        self._gone.add(key)
        followers = [RowChange(Verb.UPDATE, ADDRESSES, a, {"customerId": renamed}) for a in household.addresses]
        return [RowChange(Verb.UPDATE, CUSTOMERS, key, {"id": renamed}), *followers]

    def _someone(self) -> tuple[str, Household]:
        key = self._living.draw(self._rng)
        return key, self._households[key]

    def _address_key(self) -> str:
        if self._gone_addresses and self._rng.random() < _REUSED_ADDRESS_KEYS:
            key = self._gone_addresses.draw(self._rng)
            self._gone_addresses.remove(key)
            return key
        return self._new_address.next()

    def _some_of(self, choices: dict[str, object]) -> dict[str, object]:
        names = self._rng.sample(list(choices), k=self._rng.randint(1, 3))
        return {name: choices[name] for name in choices if name in names}


def _discard(keys: Keys, key: str) -> None:
    if key in keys:
        keys.remove(key)
