"""Runs invented changes against a customer_db, at a pace, until told to stop; inventing them belongs to `population`."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from random import Random
from typing import TYPE_CHECKING

from milepost.clock import SystemClock
from milepost.errors import LeaseHeld, RangeInvalid, SourceChanged, SourceUnavailable
from milepost.sandbox.changes.figures import ChangeFigures, Tally
from milepost.sandbox.changes.population import DEFAULT_WEIGHTS, ChangeKind, Household, Population
from milepost.sandbox.changes.rows import statement
from milepost.sandbox.changes.values import Values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from psycopg import Connection

    from milepost.clock import Clock
    from milepost.sandbox.changes.rows import RowChange

_LOCK = 4_217_001  # one simulator for a database: any fixed number, the same in every process
_CONFLICTS_IN_A_ROW = 10
# Byte order: the same people in the same order on every server, whatever its collation.
_CUSTOMERS = """SELECT "id", "primaryAddressId", "billingAddressId" FROM "customers" ORDER BY "id" COLLATE "C" """
_ADDRESSES = """SELECT "customerId", "id" FROM "addresses" ORDER BY "id" COLLATE "C" """


class _Overtaken(Exception):
    """A row that we meant to change is gone: somebody else writes here too."""


class ChangeSimulator:
    """Inserts, updates and deletes over the worked example's customers and addresses (M3).

    `rate` is changes per second (None: as fast as possible), `duration` seconds, `weights` the relative frequency of
    each kind (kinds left out do not happen), `exotic` the share of awkward values, 0 to 1. Without `max_changes` and
    `duration` it runs until stopped. The same seed, options and starting rows give the same changes.
    Raises: RangeInvalid for options that cannot be used.
    """

    def __init__(
        self,
        dsn: str,
        *,
        seed: int = 0,
        rate: float | None = None,
        max_changes: int | None = None,
        duration: float | None = None,
        changes_per_transaction: int = 1,
        weights: Mapping[ChangeKind, float] = DEFAULT_WEIGHTS,
        exotic: float = 0.05,
        clock: Clock | None = None,
    ) -> None:
        _positive(
            rate=rate, max_changes=max_changes, duration=duration, changes_per_transaction=changes_per_transaction
        )
        if min(weights.values(), default=0) < 0 or not sum(weights.values()) > 0:
            raise RangeInvalid(f"simulate changes: weights {dict(weights)} (expected none below 0, one above)")
        self._dsn, self._seed, self._rate, self._duration = dsn, seed, rate, duration
        self._max_changes, self._per_transaction = max_changes, changes_per_transaction
        self._weights, self._exotic = dict(weights), exotic
        self._clock = clock or SystemClock()

    def run(
        self, stop: threading.Event | None = None, on_progress: Callable[[ChangeFigures], None] | None = None
    ) -> ChangeFigures:
        """Change rows until a limit is reached or `stop` is set; the transaction in progress is finished first.

        `on_progress` is called after each commit. A transaction that meets another writer is rolled back, counted as
        a conflict, and the rows are read again.
        Raises: LeaseHeld if another simulator works on this database, SourceChanged if the tables are not those of
        the example, SourceUnavailable if the server goes away (what was committed stays).
        """
        with _translated(), _connected(self._dsn) as connection:
            return self._run(connection, stop or threading.Event(), on_progress)

    def _run(
        self,
        connection: Connection,
        stop: threading.Event,
        on_progress: Callable[[ChangeFigures], None] | None,
    ) -> ChangeFigures:
        rng, tally, began = Random(self._seed), Tally(), self._clock.monotonic()
        population = Population(Values(rng, self._exotic))
        population.settle(_read(connection))
        in_a_row = 0
        while not self._finished(tally, began) and not self._wait(stop, tally, began):
            count = min(self._per_transaction, self._left(tally))
            rows = [row for kind in self._kinds(rng, count) for row in population.plan(kind)]
            if _commit(connection, rows):
                tally.committed(count, rows)
                in_a_row = 0
                if on_progress is not None:
                    on_progress(tally.figures(self._clock.monotonic() - began))
                continue
            tally.conflicts += 1
            in_a_row += 1
            if in_a_row == _CONFLICTS_IN_A_ROW:
                raise SourceUnavailable(
                    f"simulate changes: {in_a_row} transactions in a row met other writers (expected few)",
                    hint="stop the other writers, or lower changes_per_transaction",
                )
            population.settle(_read(connection))
        return tally.figures(self._clock.monotonic() - began)

    def _kinds(self, rng: Random, count: int) -> list[ChangeKind]:
        return rng.choices(list(self._weights), weights=list(self._weights.values()), k=count)

    def _left(self, tally: Tally) -> int:
        return self._per_transaction if self._max_changes is None else self._max_changes - tally.changes

    def _finished(self, tally: Tally, began: float) -> bool:
        over = self._duration is not None and self._clock.monotonic() - began >= self._duration
        return over or self._left(tally) <= 0

    def _wait(self, stop: threading.Event, tally: Tally, began: float) -> bool:
        """Wait until the next transaction is due; True if asked to stop, or time is up, meanwhile."""
        if self._rate is None:
            return stop.is_set()
        due = began + tally.changes / self._rate
        end = due if self._duration is None else min(due, began + self._duration)
        return stop.wait(max(0.0, end - self._clock.monotonic())) or end < due


def _commit(connection: Connection, rows: list[RowChange]) -> bool:
    """All rows in one transaction; False, and nothing changed, if another writer was at the same rows."""
    from psycopg import IntegrityError
    from psycopg.errors import DeadlockDetected, SerializationFailure

    try:
        _apply(connection, rows)
    except (IntegrityError, SerializationFailure, DeadlockDetected, _Overtaken):
        return False
    return True


def _apply(connection: Connection, rows: list[RowChange]) -> None:
    with connection.transaction():
        for row in rows:
            if connection.execute(*statement(row)).rowcount != 1:
                raise _Overtaken


def _read(connection: Connection) -> dict[str, Household]:
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        households = {key: Household(primary, billing) for key, primary, billing in connection.execute(_CUSTOMERS)}
        for customer, address in connection.execute(_ADDRESSES):
            households[customer].addresses.append(address)
    return households


@contextmanager
def _connected(dsn: str) -> Iterator[Connection]:
    import psycopg

    with psycopg.connect(dsn, autocommit=True) as connection:
        if connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone() != (True,):
            raise LeaseHeld(
                f"simulate changes: another simulator works on database {connection.info.dbname}",
                hint="stop it first; one simulator can be as fast as you like (rate, changes_per_transaction)",
            )
        yield connection


@contextmanager
def _translated() -> Iterator[None]:
    import psycopg
    from psycopg.errors import UndefinedColumn, UndefinedTable

    try:
        yield
    except (UndefinedTable, UndefinedColumn) as exc:
        raise SourceChanged(
            f"simulate changes: {exc.diag.message_primary} (expected the tables of customer_db)",
            hint="make them with create_customer_db, or point to the database that has them",
        ) from exc
    except psycopg.OperationalError as exc:
        raise SourceUnavailable(
            f"simulate changes: the server is not there: {type(exc).__name__}", hint="start it, then run again"
        ) from exc


def _positive(**options: float | None) -> None:
    for name, value in options.items():
        if value is not None and not value > 0:
            raise RangeInvalid(f"simulate changes: {name} is {value} (expected above 0)")
