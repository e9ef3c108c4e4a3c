"""Loads the Chinook sample database (not part of this repository) into a fresh database."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

_FILE = "Chinook_PostgreSql.sql"
_BESIDE_THE_REPOSITORY = Path(__file__).parents[2] / "shared" / "data" / "chinook"
_FOR_PSQL_ONLY = re.compile(r"^(?:DROP DATABASE|CREATE DATABASE|\\c)\b.*$", re.MULTILINE)
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"


@dataclass(frozen=True, slots=True)
class ChinookDatabase:
    """Where it is, and how many rows each table has."""

    dsn: str
    rows: dict[str, int]


def chinook_file() -> Path:
    """The script: $MILEPOST_CHINOOK (file or folder), or ../shared/data/chinook beside the repository; else skip."""
    place = Path(os.environ.get("MILEPOST_CHINOOK", _BESIDE_THE_REPOSITORY))
    script = place / _FILE if place.is_dir() else place
    if not script.is_file():
        pytest.skip(f"Chinook sample not found at {script}; set MILEPOST_CHINOOK to {_FILE} or its folder")
    return script


def load_chinook(dsn: str) -> ChinookDatabase:
    """Run the script in the empty database of the dsn, without the lines that make and enter its own database."""
    script = _FOR_PSQL_ONLY.sub("", chinook_file().read_text(encoding="utf-8-sig"))
    with psycopg.connect(dsn) as connection:
        connection.execute(script.encode())
        tables = [name for (name,) in connection.execute(_TABLES)]
        return ChinookDatabase(dsn, {table: _count(connection, table) for table in tables})


def _count(connection: psycopg.Connection, table: str) -> int:
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    assert row is not None
    return row[0]
