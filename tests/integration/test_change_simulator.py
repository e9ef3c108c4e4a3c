"""The change simulator and the sandbox's customers against a real PostgreSQL."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time

import psycopg
import pytest

from milepost.errors import LeaseHeld, RangeInvalid, SourceChanged, SourceUnavailable
from milepost.sandbox.changes import ChangeFigures, ChangeKind, ChangeSimulator
from milepost.sandbox.customer_db import change_customers, create_customer_db, load_customers

ORPHANS = """
    SELECT (SELECT count(*) FROM "addresses" a LEFT JOIN "customers" c ON c."id" = a."customerId" WHERE c."id" IS NULL)
         + (SELECT count(*) FROM "customers" c LEFT JOIN "addresses" a
              ON a."id" = c."primaryAddressId" AND a."customerId" = c."id" WHERE a."id" IS NULL)
         + (SELECT count(*) FROM "customers" c LEFT JOIN "addresses" a
              ON a."id" = c."billingAddressId" AND a."customerId" = c."id"
             WHERE a."id" IS NULL AND c."billingAddressId" IS NOT NULL)
"""
CONTENT = """
    SELECT (SELECT array_agg(c::text ORDER BY "id") FROM "customers" c),
           (SELECT array_agg(a::text ORDER BY "id") FROM "addresses" a)
"""


@pytest.fixture
def customer_db(postgres_db: str) -> str:
    assert create_customer_db(postgres_db)
    return postgres_db


def row(dsn: str, query: str):
    with psycopg.connect(dsn) as connection:
        return connection.execute(query.encode()).fetchone()


def counts(dsn: str):
    return row(dsn, 'SELECT (SELECT count(*) FROM "customers"), (SELECT count(*) FROM "addresses")')


def net(figures: ChangeFigures) -> tuple[int, int]:
    """Rows at the end, as the figures tell it from the five customers and eight addresses of the start."""
    return (
        5 + figures.inserts["customers"] - figures.deletes["customers"],
        8 + figures.inserts["addresses"] - figures.deletes["addresses"],
    )


def test_the_example_has_five_customers_and_eight_addresses(customer_db: str) -> None:
    assert counts(customer_db) == (5, 8)
    assert row(customer_db, ORPHANS) == (0,)
    assert not create_customer_db(customer_db)
    assert counts(customer_db) == (5, 8)


def test_integrity_and_figures_hold_after_5000_changes(customer_db: str) -> None:
    figures = ChangeSimulator(customer_db, seed=7, max_changes=5000, changes_per_transaction=10).run()
    assert (figures.changes, figures.transactions, figures.conflicts) == (5000, 500, 0)
    assert row(customer_db, ORPHANS) == (0,)
    assert counts(customer_db) == net(figures)
    assert min(*figures.inserts.values(), *figures.updates.values(), *figures.deletes.values()) > 300
    exotic = row(customer_db, """SELECT count(*) FROM "addresses" WHERE "city" = '' OR "city" LIKE '%DROP TABLE%'""")
    assert exotic > (0,)


def test_the_same_seed_leaves_the_same_rows(customer_db: str, postgres_server) -> None:
    other = postgres_server.create_database("twin")
    try:
        create_customer_db(other)
        options = {"max_changes": 400, "changes_per_transaction": 3}
        first = ChangeSimulator(customer_db, seed=3, **options).run()
        second = ChangeSimulator(other, seed=3, **options).run()
        assert first == second
        assert row(customer_db, CONTENT) == row(other, CONTENT)
        ChangeSimulator(other, seed=4, max_changes=1).run()
        assert row(customer_db, CONTENT) != row(other, CONTENT)
    finally:
        postgres_server.drop_database("twin")


def test_a_stop_finishes_the_transaction_and_reports(customer_db: str) -> None:
    stop, seen = threading.Event(), []

    def on_progress(figures: ChangeFigures) -> None:
        seen.append(figures)
        if figures.changes >= 50:
            stop.set()

    figures = ChangeSimulator(customer_db, changes_per_transaction=7).run(stop, on_progress)
    assert figures.changes == 56
    assert seen[-1] == figures
    assert counts(customer_db) == net(figures)


def test_a_stop_does_not_wait_for_the_next_change(customer_db: str) -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    began = time.monotonic()
    assert ChangeSimulator(customer_db, rate=0.01).run(stop).changes == 1
    assert time.monotonic() - began < 5


def test_pace_and_duration_are_kept(customer_db: str) -> None:
    figures = ChangeSimulator(customer_db, rate=50, duration=1.0).run()
    assert 40 <= figures.changes <= 51
    assert 0.9 <= figures.seconds < 2.0


def test_weights_choose_the_kinds(customer_db: str) -> None:
    figures = ChangeSimulator(customer_db, weights={ChangeKind.UPDATE_CUSTOMER: 1}, max_changes=40).run()
    assert figures.updates == {"customers": 40, "addresses": 0}
    assert counts(customer_db) == (5, 8)


_SCRIPT = """
import signal, sys, threading
from milepost.sandbox.changes import ChangeSimulator
stop = threading.Event()
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda *_: stop.set())
ready = lambda figures: print("running", flush=True) if figures.changes == 5 else None
print(*ChangeSimulator(sys.argv[1], rate=200).run(stop, ready).as_dict().values())
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_cleanly_with_the_counts(customer_db: str, number: signal.Signals) -> None:
    run = subprocess.Popen([sys.executable, "-c", _SCRIPT, customer_db], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    assert run.stdout.readline() == "running\n"
    run.send_signal(number)
    output, _ = run.communicate(timeout=20)
    assert run.returncode == 0
    customers_in, addresses_in, _, _, customers_out, addresses_out = map(int, output.split()[:6])
    assert counts(customer_db) == (5 + customers_in - customers_out, 8 + addresses_in - addresses_out)
    assert row(customer_db, ORPHANS) == (0,)


def test_a_second_simulator_is_refused(customer_db: str) -> None:
    refusals = []

    def on_progress(_: ChangeFigures) -> None:
        with pytest.raises(LeaseHeld, match="another simulator") as refusal:
            ChangeSimulator(customer_db, max_changes=1).run()
        refusals.append(refusal)

    ChangeSimulator(customer_db, max_changes=1).run(on_progress=on_progress)
    assert len(refusals) == 1


def test_another_writer_is_met_as_a_conflict(customer_db: str) -> None:
    def delete_everything(figures: ChangeFigures) -> None:
        if figures.changes == 20:
            with psycopg.connect(customer_db) as connection:
                connection.execute('DELETE FROM "addresses"')
                connection.execute('DELETE FROM "customers"')

    figures = ChangeSimulator(customer_db, max_changes=200).run(on_progress=delete_everything)
    assert figures.conflicts >= 1
    assert figures.changes == 200
    assert row(customer_db, ORPHANS) == (0,)


def test_a_database_without_the_tables_is_refused(postgres_db: str) -> None:
    with pytest.raises(SourceChanged, match="customers"):
        ChangeSimulator(postgres_db, max_changes=1).run()


def test_a_server_that_is_away_is_told_without_the_password() -> None:
    with pytest.raises(SourceUnavailable) as error:
        ChangeSimulator("postgresql://me:sesame@127.0.0.1:1/customer_db", max_changes=1).run()
    assert "sesame" not in str(error.value)


def test_a_crash_of_the_server_ends_the_run_with_what_was_committed(tmp_path) -> None:
    from milepost.sandbox.postgres import PostgresServer

    with PostgresServer(tmp_path, durable=False) as server:
        dsn = server.create_database("customer_db")
        create_customer_db(dsn)
        last: list[ChangeFigures] = []

        def crash(figures: ChangeFigures) -> None:
            last.append(figures)
            if figures.changes == 100:
                server.kill()

        with pytest.raises(SourceUnavailable):
            ChangeSimulator(dsn, seed=5).run(on_progress=crash)
        server.start()
        assert counts(dsn) == net(last[-1])
        assert row(dsn, ORPHANS) == (0,)
        assert ChangeSimulator(dsn, seed=5, max_changes=10).run().changes == 10


def test_customers_by_the_thousand_are_the_same_each_time(postgres_db: str) -> None:
    checksum = 'SELECT count(*), max("id"), sum(hashtextextended(c::text, 0)) FROM "customers" c'
    outcomes = []
    for _ in range(2):
        load_customers(postgres_db, 20_000)
        assert (row(postgres_db, checksum) or ())[:2] == (20_000, 20_000)
        rounds = [change_customers(postgres_db, round_=number) for number in (1, 2)]
        outcomes.append((rounds, row(postgres_db, checksum)))
    assert outcomes[0] == outcomes[1]


def test_customers_change_by_the_shares_asked(postgres_db: str) -> None:
    load_customers(postgres_db, 50_000)
    with psycopg.connect(postgres_db) as connection:
        connection.execute('CREATE TABLE "before" AS SELECT * FROM "customers"')
    done = change_customers(postgres_db, 0.02, deletes=0.01, inserts=0.005)
    seen = row(
        postgres_db,
        """SELECT count(*) FILTER (WHERE b."id" = c."id" AND b IS DISTINCT FROM c),
                  count(*) FILTER (WHERE c."id" IS NULL), count(*) FILTER (WHERE b."id" IS NULL)
             FROM "before" b FULL JOIN "customers" c USING ("id")""",
    )
    assert seen == (done.updates, done.deletes, done.inserts)
    assert done.inserts == 250
    assert 900 < done.updates < 1100
    assert 430 < done.deletes < 570
    assert change_customers(postgres_db, 0, inserts=0).updates == 0
    with pytest.raises(RangeInvalid, match="share"):
        change_customers(postgres_db, 1.2)
