"""A real PostgreSQL for tests: a server for each test process (pytest-xdist: worker), a database for each test."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chinook import ChinookDatabase, load_chinook
from milepost.sandbox.postgres import PostgresServer

if TYPE_CHECKING:
    from collections.abc import Iterator

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The server of this test process, without fsync; started by the first test that asks."""
    folder = Path(tempfile.mkdtemp(prefix="milepost-test-postgres-"))
    try:
        with PostgresServer(folder, durable=False) as server:
            yield server
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def postgres_db(postgres_server: PostgresServer) -> Iterator[str]:
    """The dsn of a fresh, empty database, dropped after the test."""
    name = f"test_{next(_numbers)}"
    yield postgres_server.create_database(name)
    postgres_server.drop_database(name)


@pytest.fixture(scope="session")
def chinook(postgres_server: PostgresServer) -> Iterator[ChinookDatabase]:
    """The Chinook sample in a database of its own, to be read only; skips where the file is not at hand."""
    name = "chinook"
    yield load_chinook(postgres_server.create_database(name))
    postgres_server.drop_database(name)
