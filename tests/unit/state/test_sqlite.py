"""The control store's file: migrated step by step, never half, never by an older program; its errors are ours."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path

import pytest

from milepost.errors import StateCorrupt, StateError, StoreUnwritable
from milepost.state.sqlite import SqliteDatabase
from milepost.state.statements import statements

MIGRATIONS = sorted(p.name for p in files("milepost.state.migrations").iterdir() if p.name.endswith(".sql"))


def look(path: Path, sql: str) -> list[tuple]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "folder" / "that is new" / "control.db"


def test_a_new_file_is_brought_to_the_newest_version(path):
    SqliteDatabase(path).close()
    assert look(path, "PRAGMA user_version") == [(len(MIGRATIONS),)]


def test_opening_again_changes_nothing(path):
    SqliteDatabase(path).close()
    before = look(path, "SELECT * FROM sqlite_schema")
    SqliteDatabase(path).close()
    assert look(path, "SELECT * FROM sqlite_schema") == before


def test_migrations_are_numbered_without_a_gap():
    assert [int(name[:4]) for name in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))


def test_a_migration_that_fails_leaves_the_file_as_it_was(path):
    path.parent.mkdir(parents=True)
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE backfill_day (mine TEXT)")  # in the way of the last statement of the first one
    connection.commit()
    connection.close()
    with pytest.raises(StateError, match="backfill_day"):
        SqliteDatabase(path)
    assert look(path, "SELECT name FROM sqlite_schema WHERE type = 'table'") == [("backfill_day",)]
    assert look(path, "PRAGMA user_version") == [(0,)]


def test_a_file_of_a_newer_program_is_refused_and_left_alone(path):
    SqliteDatabase(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    with pytest.raises(StateError, match="999") as refused:
        SqliteDatabase(path)
    assert "pip install" in refused.value.hint
    assert look(path, "PRAGMA user_version") == [(999,)]


def test_a_file_that_is_no_control_store_is_damaged(path):
    path.parent.mkdir(parents=True)
    path.write_bytes(b"this is no database, " * 500)
    with pytest.raises(StateCorrupt) as refused:
        SqliteDatabase(path)
    assert str(path) in refused.value.what


def test_a_file_that_is_cut_off_is_damaged(path):
    database = SqliteDatabase(path)
    for number in range(2000):
        database.change("spend", {"account": f"a{number}", "endpoint": "e" * 100, "day": "2026-01-01", "count": 1})
    database.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\x00" * (len(whole) - 8192))
    with pytest.raises(StateCorrupt):
        SqliteDatabase(path).rows("spent", {"account": "a1", "endpoint": "e" * 100, "day": "2026-01-01"})


def test_a_folder_in_the_place_of_the_file_cannot_be_written(path):
    path.mkdir(parents=True)
    with pytest.raises(StoreUnwritable):
        SqliteDatabase(path)


def test_a_full_disk_is_told_as_such_and_undoes_the_transaction(path):
    database = SqliteDatabase(path)
    pages = database._connection.execute("PRAGMA page_count").fetchone()[0]
    database._connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    day = {"endpoint": "e", "day": "2026-01-01", "count": 1}
    with pytest.raises(StoreUnwritable, match="full"):
        database.change_many("spend", [{**day, "account": f"{n:0500d}"} for n in range(1000)])
    assert database.rows("spent", {**day, "account": f"{0:0500d}"}) == []
    database.change("spend", {**day, "account": "small"})
    assert database.rows("spent", {**day, "account": "small"})[0]["spent"] == 1


def test_what_fails_inside_a_transaction_undoes_all_of_it(path):
    database = SqliteDatabase(path)
    day = {"account": "a", "endpoint": "e", "day": "2026-01-01", "count": 1}

    def spend_and_fail() -> None:
        with database.transaction():
            database.change("spend", day)
            with database.transaction():
                database.change("spend", day)
            raise KeyError

    with pytest.raises(KeyError):
        spend_and_fail()
    assert database.rows("spent", day) == []
    assert not database._connection.in_transaction


def test_many_processes_may_open_a_new_file_at_the_same_moment(path):
    with ThreadPoolExecutor(12) as pool:
        opened = list(pool.map(lambda _: SqliteDatabase(path), range(24)))
    for database in opened:
        database.change("spend", {"account": "a", "endpoint": "e", "day": "2026-01-01", "count": 1})
    assert opened[0].rows("spent", {"account": "a", "endpoint": "e", "day": "2026-01-01"})[0]["spent"] == 24


def test_every_named_statement_is_valid_against_the_newest_schema(path):
    database = SqliteDatabase(path)
    for name, sql in statements("control.sql").items():
        values = dict.fromkeys(sqlite3_names(sql))
        assert database._connection.execute(f"EXPLAIN {sql}", values).fetchall(), name


def sqlite3_names(sql: str) -> list[str]:
    import re

    return re.findall(r":(\w+)", sql)
