"""What a person gets for bad input: a message that helps, an exit code, never a traceback. docs/bad-input.md is this table."""

from __future__ import annotations

import os
import re
import resource
import socket
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fix_bad_input import ECOSYSTEM, Place
from milepost_process import PROGRAM, Ran, clean_environment

PAGE = Path(__file__).parents[2] / "docs" / "bad-input.md"
Arrange = Callable[[Place, ExitStack], None]


@dataclass(frozen=True, slots=True)
class Case:
    """One way to get it wrong: what is wrong, the command, what it says (in this order), how it ends."""

    what: str
    command: str
    said: tuple[str, ...]
    code: int
    arrange: Arrange = field(default=lambda place, stack: None)
    limit: int = 0


def _set(**variables: str) -> Arrange:
    return lambda place, stack: place.set(**variables)


def _declare(text: str) -> Arrange:
    return lambda place, stack: place.declare(text)


def _sql(statement: str) -> Arrange:
    return lambda place, stack: place.sql(statement)


def _spoil(name: str) -> Arrange:
    def spoil(place: Place, stack: ExitStack) -> None:
        for path in place.home.glob(f"{name}*"):
            path.unlink()
        (place.home / name).write_bytes(b"this is no database" * 500)

    return spoil


def _no_data(place: Place, stack: ExitStack) -> None:
    for path in place.home.iterdir():
        path.unlink()


def _wrong_dsn(old: str, new: str) -> Arrange:
    return lambda place, stack: place.set(CUSTOMER_DB=re.sub(old, new, place.dsn))


def _revoked(place: Place, stack: ExitStack) -> None:
    place.klaviyo.revoke("acme")
    stack.callback(place.klaviyo.revoke, "acme", revoked=False)


def _busy_port(place: Place, stack: ExitStack) -> None:
    listener = stack.enter_context(socket.socket())
    listener.bind(("127.0.0.1", 48917))
    listener.listen()


def _leased(place: Place, stack: ExitStack) -> None:
    """Another living process works on the pipeline: this test's own, as the control store sees it."""
    from milepost.state.control import owner_name

    until = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    with sqlite3.connect(place.home / "state.sqlite") as connection:
        connection.execute(
            "INSERT OR REPLACE INTO lease VALUES ('pipeline live/customer_db', ?, 99, ?)", (owner_name(), until)
        )


def _locked(place: Place, stack: ExitStack) -> None:
    from milepost.clock import SystemClock
    from milepost.stores.duckdb.lock import file_lock

    path = place.home / "store.duckdb"
    stack.enter_context(file_lock(path, SystemClock(), exclusive=True, timeout=1, purpose="a long commit"))


def _opened_elsewhere(place: Place, stack: ExitStack) -> None:
    script = "import duckdb,sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    import sys

    other = subprocess.Popen(
        [sys.executable, "-c", script, str(place.home / "store.duckdb")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    stack.enter_context(other)
    stack.callback(other.kill)
    assert other.stdout is not None
    other.stdout.readline()


def _home_is_a_file(place: Place, stack: ExitStack) -> None:
    (place.folder / "plain").write_text("")


LIVE = "--platform live"
CASES = (
    # --- the command itself
    Case("a mistyped verb", "ingset customer_db", ("[usage]", "no such verb 'ingset'", "did you mean 'ingest'", "milepost --help"), 2),
    Case("an unknown option", "ingest customer_db --platfrom live", ("[usage]", "no such option", "--platfrom"), 2),
    Case("nothing said where something is needed", "ingest", ("[usage]", "missing argument", "ingest --help"), 2),
    Case("a share above 1", f"ingest customer_db {LIVE} --max-delete-share 30", ("[usage]", "30.0 is not in the range 0<=x<=1"), 2),
    # --- settings
    Case("a number that is none", "status", ("[settings.invalid]", "MILEPOST_WORKERS is wrong", "'many'", "for example MILEPOST_WORKERS=8"), 2, _set(MILEPOST_WORKERS="many")),
    Case("a mistyped variable", "status", ("[settings.invalid]", "MILEPOST_HOEM is not a variable", "did you mean 'MILEPOST_HOME'"), 2, _set(MILEPOST_HOEM="x")),
    Case("two wrong variables at once", "status", ("2 variables are missing or wrong", "MILEPOST_LOOKBACK_DAYS", "MILEPOST_WORKERS"), 2, _set(MILEPOST_WORKERS="0", MILEPOST_LOOKBACK_DAYS="-1")),
    Case("a key pasted with a space", "status", ("[settings.invalid]", "KLAVIYO_API_KEY_ACME", "must have no spaces"), 2, _set(KLAVIYO_API_KEY_ACME='"pk_secret 01"')),
    Case("an address without http", "status", ("[settings.invalid]", "MILEPOST_KLAVIYO_URL is wrong"), 2, _set(MILEPOST_KLAVIYO_URL="a.klaviyo.com")),
    Case("half of the database's variables", "status", ("[settings.invalid]", "PG_DB is missing", "PG_USER is missing"), 2, _set(PG_HOST="db")),
    # --- the ecosystem file
    Case("YAML that is none", "status", ("[model.invalid]", "one fault in ecosystem.yaml", "ecosystem.yaml:2:"), 2, _declare("platforms:\n\tlive: x\n")),
    Case("an unknown word in the ecosystem", "status", ("[model.invalid]", "ecosystem.yaml:2:", "milestonning"), 2, _declare(ECOSYSTEM.replace("live: {milestoning", "live: {milestonning"))),
    Case("a milestoning that does not exist", "status", ("[model.invalid]", "ecosystem.yaml:2:", "frozen"), 2, _declare(ECOSYSTEM.replace("milestoning: live", "milestoning: frozen"))),
    Case("an address where the name of a variable belongs", "status", ("[model.invalid]", "dsn_env", "never the address itself"), 2, _declare(ECOSYSTEM.replace("CUSTOMER_DB", "postgres://u:hunter22@h/d"))),
    Case("an empty ecosystem file", "status", ("[model.invalid]", "ecosystem.yaml"), 2, _declare("")),
    Case("an ecosystem file that is not there", "status", ("[model.invalid]", "nowhere.yaml cannot be read", "milepost init"), 2, _set(MILEPOST_ECOSYSTEM="nowhere.yaml")),
    # --- names
    Case("an unknown datastore", f"ingest costumer_db {LIVE}", ("[name.unknown]", "no datastore 'costumer_db'", "did you mean 'customer_db'"), 2),
    Case("an unknown platform", "ingest customer_db --platform lvie", ("[name.unknown]", "no platform 'lvie'", "did you mean 'live'"), 2),
    Case("no platform, of several", "ingest customer_db", ("[usage]", "--platform is needed", "live, forensic"), 2),
    Case("an unknown dataset", f"ingest customer_db {LIVE} --dataset customerz", ("[name.unknown]", "no dataset 'customerz'", "addresses, customers"), 2),
    Case("an unknown client", "backfill start acne", ("[name.unknown]", "no client 'acne'", "did you mean 'acme'"), 2),
    Case("a client without a key", "backfill start keyless", ("[name.unknown]", "no Klaviyo key for client 'keyless'", "KLAVIYO_API_KEY_KEYLESS"), 2),
    Case("a database where an account belongs", "backfill start customer_db", ("[name.unknown]", "'customer_db' is not a Klaviyo account", "milepost ingest"), 2),
    Case("a dataset that nobody read", f"history customer_db.orders id=1 {LIVE}", ("[name.unknown]", "no dataset 'orders'", "addresses, customers"), 2),
    Case("a column that is not there", f"history customer_db.customers nr=1 {LIVE}", ("[name.unknown]", "no column 'nr'"), 2),
    Case("a dataset without its datastore", "history customers id=1", ("[usage]", "'customers' is not DATASTORE.DATASET"), 2),
    Case("a key that is no key", "history customer_db.customers 1", ("[usage]", "'1' is not COLUMN=VALUE"), 2),
    # --- days
    Case("a day that is none", "backfill start acme --start 31.12.2025", ("[range.invalid]", "'31.12.2025' is not a day", "2026-01-31"), 2),
    Case("a day that the calendar has not", "backfill start acme --start 2026-02-30", ("[range.invalid]", "'2026-02-30' is not a day of the calendar"), 2),
    Case("a reversed range", "backfill start acme --start today --end -7d", ("[range.invalid]", "is reversed", "earlier day as --start"), 2),
    Case("a range that ends in the future", "backfill start acme --start -7d --end 2999-01-01", ("[range.invalid]", "ends in the future"), 2),
    Case("a range from another century", "backfill start acme --start 1926-01-01", ("[range.invalid]", "starts before 2010-01-01"), 2),
    Case("no years", "backfill start acme --years 0", ("[range.invalid]", "not between 1 day and 15 years"), 2),
    Case("years and days", "backfill start acme --years 1 --start -7d", ("[usage]", "--years, or --start and --end"), 2),
    # --- Klaviyo
    Case("a wrong key", "backfill start acme --start -3d", ("[source.unauthorized]", "acme"), 1, _set(KLAVIYO_API_KEY_ACME="pk_wrong_0123456789")),
    Case("a revoked key", "backfill start acme --start -3d", ("[source.unauthorized]", "acme"), 1, _revoked),
    Case("a key without a scope", "backfill start narrow --start -3d", ("[source.unauthorized]", "narrow", "metrics:read", "give the key the scope"), 1),
    Case("nobody there at the API's address", "doctor", ("✗ acme", "no usable answer within 10 seconds", "MILEPOST_KLAVIYO_URL"), 1, _set(MILEPOST_KLAVIYO_URL="http://127.0.0.1:9")),
    Case("resuming what was never started", "backfill resume acme", ("[name.unknown]", "no backfill of acme into live was ever started", "backfill start acme"), 2),
    Case("removing rows where nobody can be asked", "backfill clear acme --data", ("[usage]", "--data removes rows", "--yes"), 2),
    # --- the database that is read
    Case("the database is down", f"ingest customer_db {LIVE}", ("[source.unavailable]", "does not answer", "is the server running"), 1, _wrong_dsn(r":\d+/", ":9/")),
    Case("a wrong password", f"ingest customer_db {LIVE}", ("[source.unauthorized]", "password"), 1, _wrong_dsn(r"postgres:[^@]+@", "postgres:wrong-password@")),
    Case("a database that is not there", f"ingest customer_db {LIVE}", ("[source.", "nowhere"), 1, _wrong_dsn(r"/[^/]+$", "/nowhere")),
    Case("the variable of its address is not set", f"ingest customer_db {LIVE}", ("[settings.invalid]", "OTHER_DB is missing", "postgresql://"), 2, _declare(ECOSYSTEM.replace("CUSTOMER_DB", "OTHER_DB"))),
    Case("a declared table was dropped", f"ingest customer_db {LIVE}", ("[source.changed]", "invoices"), 1, _declare(ECOSYSTEM.replace("dsn_env: CUSTOMER_DB", "dsn_env: CUSTOMER_DB, datasets: {invoices: }"))),
    Case("a column was dropped", f"ingest customer_db {LIVE}", ("[schema.refused]", "phone"), 1, _sql("ALTER TABLE customers DROP COLUMN phone")),
    Case("a column became narrower", f"ingest customer_db {LIVE}", ("[schema.refused]", "dob"), 1, _sql("ALTER TABLE customers ALTER dob TYPE integer USING 1")),
    Case("almost everything was deleted", f"ingest customer_db {LIVE}", ("[deletes.held]", "would delete", "--accept-deletes"), 1, _sql('UPDATE customers SET "billingAddressId" = NULL; DELETE FROM addresses WHERE id NOT IN (SELECT "primaryAddressId" FROM customers)')),
    Case("a table was emptied", f"ingest customer_db {LIVE}", ("[deletes.held]", "would delete", "--accept-deletes"), 1, _sql("TRUNCATE customers, addresses")),
    Case("live turned into forensic", f"ingest customer_db {LIVE}", ("[schema.refused]", "is kept live (asked for forensic)", "another platform"), 1, _declare(ECOSYSTEM.replace("live: {milestoning: live}", "live: {milestoning: forensic}"))),
    # --- this machine
    Case("two runs at once", f"ingest customer_db {LIVE}", ("[lease.held]", "is being worked on by", "wait for it to finish"), 1, _leased),
    Case("the store is busy", "query 'SELECT 1'", ("[store.busy]", "in use by", "a long commit", "MILEPOST_LOCK_TIMEOUT"), 1, _locked),
    Case("the store is open in another program", f"ingest customer_db {LIVE}", ("[store.busy]", "close that program"), 1, _opened_elsewhere),
    Case("a damaged store", "query 'SELECT 1'", ("[store.corrupt]", "store.duckdb", "restore a copy"), 1, _spoil("store.duckdb")),
    Case("a damaged control store", "status", ("[state.corrupt]", "state.sqlite is damaged", "move it away"), 1, _spoil("state.sqlite")),
    Case("a home folder that is a file", f"ingest customer_db {LIVE} --home plain", ("[usage]", "'plain' is a file"), 2, _home_is_a_file),
    Case("a home folder that nobody can write", f"ingest customer_db {LIVE} --home /proc/milepost", ("[store.unwritable]", "/proc/milepost"), 1),
    Case("a full disk", f"ingest customer_db {LIVE}", ("[store.unwritable]", "check free disk space"), 1, limit=4096),
    Case("looking before anything was read", "query 'SELECT 1'", ("[name.unknown]", "there is no data yet", "milepost ingest"), 2, _no_data),
    # --- SQL
    Case("SQL that is none", "query 'SELEC 1'", ("[query.invalid]", 'syntax error at or near "SELEC"'), 1),
    Case("a table that is not there", "query 'SELECT * FROM live__customer_db.customerz'", ("[query.invalid]", "customerz does not exist"), 1),
    Case("SQL that writes", "query 'DELETE FROM live__customer_db.customers'", ("[query.invalid]", "queries are read-only"), 1),
    Case("SQL twice", "query 'SELECT 1' -f x.sql", ("[usage]", "SQL is given twice"), 2),
    Case("a file of SQL that is not there", "query -f nowhere.sql", ("[usage]", "nowhere.sql cannot be read"), 2),
    # --- sandbox
    Case("a folder that is somebody's", "demo --home .", ("[usage]", "was not made by a demo", "left alone"), 2),
    Case("a port that is taken", "simulate klaviyo --port 48917 --orders 10", ("[usage]", "port 48917 cannot be used", "--port 0"), 2, _busy_port),
    Case("nobody there to simulate changes in", "simulate changes --dsn postgresql://me:hunter22@127.0.0.1:9/x", ("[source.unavailable]", "***@127.0.0.1:9/x"), 1),
    Case("init where a file is in the way", "init ecosystem.yaml/new", ("[store.unwritable]", "cannot make", "Not a directory"), 1),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what.replace(" ", "-"))
def test_bad_input_is_answered(case: Case, place: Place) -> None:
    with ExitStack() as stack:
        case.arrange(place, stack)
        ran = _run(case, place)
    said = ran.out + ran.err
    assert "Traceback" not in said
    assert "[unexpected]" not in said
    at = 0
    for fragment in case.said:
        found = said.lower().find(fragment.lower(), at)
        assert found >= 0, f"{fragment!r} is not said (from {at}):\n{said}"
        at = found
    assert ran.code == case.code, said
    assert not re.search(r"hunter22|pk_(acme|wrong|secret)", said), "a secret is shown"


def _run(case: Case, place: Place) -> Ran:
    limit = (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (case.limit, case.limit))) if case.limit else None
    done = subprocess.run(
        f"{PROGRAM} {case.command}", shell=True, cwd=place.folder, env=clean_environment(COLUMNS="200"), text=True,
        stdin=subprocess.DEVNULL, capture_output=True, timeout=120, preexec_fn=limit, check=False,
    )  # fmt: skip
    return Ran(done.returncode, done.stdout, done.stderr)


def page() -> str:
    """docs/bad-input.md: the table above."""
    rows = [f"| {c.what} | `milepost {c.command}` | {_cell(c.said)} | {c.code} |" for c in CASES]
    return "\n".join(
        [
            "<!-- Generated from tests/acceptance/test_bad_input.py, which runs every line of it: `make golden`. -->",
            "# Bad input",
            "",
            "What Milepost says when something is wrong, and how it ends: 1 failed, 2 wrong usage. Each line is a test.",
            "Between two parts of a message there is more, such as the name of a file or the time.",
            "",
            "| what is wrong | command | message | exit code |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _cell(said: tuple[str, ...]) -> str:
    return " … ".join(said).replace("|", "\\|")


@pytest.mark.golden
def test_the_page_is_this_table(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--accept-golden"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page(), "make golden"


def test_there_are_many_cases_of_different_kinds() -> None:
    assert len(CASES) >= 40
    assert len({case.what for case in CASES}) == len(CASES)
    assert os.environ.get("MILEPOST_HOME") is None
