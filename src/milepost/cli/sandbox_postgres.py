"""A PostgreSQL of our own with a customer_db in it, and the file that tells others how to reach it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit


@contextmanager
def customer_database(folder: Path, name: str) -> Iterator[tuple[str, Path]]:
    """Start the server of `folder`; yields the database's dsn and the file of its PG_… variables (mode 0600).

    Raises: NotInstalled without the sandbox extra, SandboxUnavailable where the server does not start.
    """
    import psycopg

    from milepost.sandbox.customer_db import create_customer_db
    from milepost.sandbox.postgres import PostgresServer

    with PostgresServer(folder) as server:
        with psycopg.connect(server.dsn()) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
        dsn = server.dsn(name) if known else server.create_database(name)
        create_customer_db(dsn)
        environment = folder / f"{name}.env"
        _write_private(environment, "".join(f"{key}={value}\n" for key, value in variables(dsn).items()))
        yield dsn, environment


def variables(dsn: str) -> dict[str, str]:
    """The PG_… variables of a libpq URI."""
    parts = urlsplit(dsn)
    return {
        "PG_HOST": parts.hostname or "",
        "PG_PORT": str(parts.port or 5432),
        "PG_DB": unquote(parts.path.lstrip("/")),
        "PG_USER": unquote(parts.username or ""),
        "PG_PASSWORD": unquote(parts.password or ""),
    }


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
