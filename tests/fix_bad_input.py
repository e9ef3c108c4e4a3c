"""A prepared installation that a test may spoil: a database with customer_db, two Klaviyo accounts, data of both."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from milepost.sandbox.customer_db import create_customer_db
from milepost.sandbox.klaviyo import AccountSpec, Sandbox
from milepost.sandbox.postgres import PostgresServer
from milepost_process import Ran, milepost

ECOSYSTEM = """\
platforms:
  live: {milestoning: live}
  forensic: {milestoning: forensic}
datastores:
  acme: {source: klaviyo, datasets: {accounts: , campaigns: }}
  narrow: {source: klaviyo, datasets: {accounts: , campaigns: }}
  keyless: {source: klaviyo}
  customer_db: {source: postgres, dsn_env: CUSTOMER_DB}
"""
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of one installation, its database, and the look-alike it reads."""

    folder: Path
    dsn: str
    klaviyo: Sandbox

    @property
    def home(self) -> Path:
        """Where store and state are."""
        return self.folder / "milepost-home"

    def set(self, **variables: str) -> None:
        """Add lines to `.env`; a later line wins."""
        with (self.folder / ".env").open("a") as file:
            file.writelines(f"{name}={value}\n" for name, value in variables.items())

    def declare(self, text: str) -> None:
        """Replace the ecosystem file."""
        (self.folder / "ecosystem.yaml").write_text(text)

    def sql(self, statement: str) -> None:
        """Change the source database."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute(statement.encode())

    def run(self, *arguments: str | Path, **options: str) -> Ran:
        """Run milepost in the folder."""
        return milepost(*arguments, cwd=self.folder, **options)


@pytest.fixture(scope="session")
def klaviyo_accounts() -> Iterator[Sandbox]:
    """Accounts `acme` (may read everything) and `narrow` (may read nothing but itself), 40 days of few orders."""
    today = datetime.now(UTC).date()
    days = {"orders": 120, "start": today - timedelta(days=40), "end": today}
    accounts = [
        AccountSpec("acme", "pk_acme_0123456789", timezone="UTC", **days),
        AccountSpec("narrow", "pk_narrow_0123456789", timezone="UTC", scopes=("accounts:read",), **days),
    ]
    with Sandbox(accounts, limits="off") as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def prepared_home(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer, klaviyo_accounts: Sandbox
) -> Iterator[Path]:
    """A home folder after one batch of customer_db on platform live; never changed, only copied."""
    folder = tmp_path_factory.mktemp("prepared")
    dsn = postgres_server.create_database("bad_input_prepared")
    create_customer_db(dsn)
    place = _place(folder, dsn, klaviyo_accounts)
    ran = place.run("ingest", "customer_db", "--platform", "live")
    assert ran.code == 0, ran.err
    yield place.home
    postgres_server.drop_database("bad_input_prepared")


@pytest.fixture
def place(
    tmp_path: Path, postgres_server: PostgresServer, klaviyo_accounts: Sandbox, prepared_home: Path
) -> Iterator[Place]:
    """An installation of the test's own, with one batch of customer_db in it."""
    name = f"bad_input_{next(_numbers)}"
    dsn = postgres_server.create_database(name)
    create_customer_db(dsn)
    shutil.copytree(prepared_home, tmp_path / "milepost-home")
    yield _place(tmp_path, dsn, klaviyo_accounts)
    postgres_server.drop_database(name)


def _place(folder: Path, dsn: str, klaviyo: Sandbox) -> Place:
    place = Place(folder, dsn, klaviyo)
    place.declare(ECOSYSTEM)
    place.set(
        CUSTOMER_DB=dsn,
        KLAVIYO_API_KEY_ACME="pk_acme_0123456789",
        KLAVIYO_API_KEY_NARROW="pk_narrow_0123456789",
        MILEPOST_KLAVIYO_URL=klaviyo.url,
        MILEPOST_KLAVIYO_LIMITS="off",
        MILEPOST_LOCK_TIMEOUT="0.2",
    )
    return place


def today(offset: int = 0) -> date:
    """A day seen from today, in UTC."""
    return datetime.now(UTC).date() + timedelta(days=offset)
