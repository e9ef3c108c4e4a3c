"""The control store on SQLite: many processes may use the file at once; every call is one short transaction."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from milepost.errors import StateCorrupt, StateError, StoreUnwritable
from milepost.state.statements import statements

_BUSY_SECONDS = 30.0


class SqliteDatabase:
    """One connection, shared by this process's threads; opens, migrates and translates errors."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._statements = statements("control.sql")
        with self._translated():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._connection.row_factory = sqlite3.Row
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._migrate()

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def _migrate(self) -> None:
        """Bring the file to the newest version; each step is one transaction, so a killed process leaves no half."""
        found = sorted(p.name for p in files("milepost.state.migrations").iterdir() if p.name.endswith(".sql"))
        with self.transaction():
            version = int(self._connection.execute("PRAGMA user_version").fetchone()[0])
            if version > len(found):
                raise StateError(
                    f"{self.path} was written by a newer Milepost (version {version}, this one knows {len(found)})",
                    hint="update Milepost: pip install --upgrade milepost",
                )
            for number, name in enumerate(found[version:], version + 1):
                for statement in files("milepost.state.migrations").joinpath(name).read_text().split(";\n"):
                    if statement.strip():
                        self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {number}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside happens or nothing; others wait. May be nested: the outermost decides."""
        with self._lock, self._translated():
            if self._in_transaction():
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._in_transaction():  # a full disk has SQLite roll back by itself
                    self._connection.execute("ROLLBACK")
                raise

    def _in_transaction(self) -> bool:
        return self._connection.in_transaction

    def rows(self, name: str, values: Mapping[str, object]) -> list[sqlite3.Row]:
        """The rows of a named query."""
        with self._lock, self._translated():
            return self._connection.execute(self._statements[name], values).fetchall()

    def change(self, name: str, values: Mapping[str, object]) -> int:
        """Run a named statement; returns how many rows it changed."""
        with self._lock, self._translated():
            return self._connection.execute(self._statements[name], values).rowcount

    def change_many(self, name: str, values: Sequence[Mapping[str, object]]) -> None:
        """Run a named statement for each of `values`, in one transaction."""
        with self.transaction():
            self._connection.executemany(self._statements[name], values)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as exc:
            text = str(exc)
            if "not a database" in text or "malformed" in text or "corrupt" in text:
                raise StateCorrupt(
                    f"the control store {self.path} is damaged: {text}",
                    hint="move it away: what is committed is in the store, and the next run takes up from there",
                ) from exc
            if any(word in text for word in ("readonly", "unable to open", "disk", "full")):
                raise StoreUnwritable(
                    f"cannot write the control store {self.path}: {text}", hint="check free disk space and permissions"
                ) from exc
            raise StateError(f"the control store {self.path} failed: {text}") from exc
        except OSError as exc:
            raise StoreUnwritable(
                f"cannot write to {exc.filename or self.path.parent}: {exc.strerror}",
                hint="check free disk space and permissions",
            ) from exc
