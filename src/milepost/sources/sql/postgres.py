"""PostgreSQL as a source: one consistent snapshot over all tables of a schema, poured into DuckDB without Python rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from milepost.dataset import Dataset, ReadMode
from milepost.errors import (
    MilepostError,
    NotInstalled,
    SourceChanged,
    SourceError,
    SourceUnauthorized,
    SourceUnavailable,
)
from milepost.ports import Chunk
from milepost.sources.sql.introspect import Table, introspect, literal, quote
from milepost.sources.sql.types import Reading

if TYPE_CHECKING:
    import duckdb
    from pydantic import SecretStr

_DATABASE = "milepost_source"
_EXTENSION = "duckdb_extension_postgres_scanner"


@dataclass(frozen=True, slots=True)
class Selection:
    """What is read of a table: only `columns` (all where empty), only rows that `where` is true of, `retired` as NULL."""

    columns: tuple[str, ...] = ()
    where: str = ""
    key: tuple[str, ...] = ()
    read_mode: ReadMode = ReadMode.SNAPSHOT
    cursor: str | None = None
    deleted_mark: str | None = None
    retired: tuple[str, ...] = ()


@dataclass(slots=True)
class PostgresSource:
    """Implements ports.Source. `selections` by table; empty: every table. The password stays inside `dsn`."""

    dsn: SecretStr
    schema: str = "public"
    selections: Mapping[str, Selection] = field(default_factory=dict)
    _tables: dict[str, Table] = field(default_factory=dict)

    def datasets(self) -> tuple[Dataset, ...]:
        """What can be read, from the database's own catalogue. Raises SourceUnavailable, SourceChanged."""
        return tuple(table.dataset for table in self._read_catalogue().values())

    def _read_catalogue(self) -> dict[str, Table]:
        with _connection() as connection, self.session(connection) as run:
            found = introspect(run, self.schema)
        wanted = self.selections or {name: Selection() for name, table in found.items() if table.listed}
        missing = sorted(set(wanted) - set(found))
        if missing:
            raise SourceChanged(
                f"schema {self.schema!r} has no table {', '.join(map(repr, missing))} "
                f"(there are: {', '.join(sorted(found)) or 'none that this user may see'})",
                hint="was it dropped or renamed, or is a grant missing? else correct the ecosystem file; nothing was written",
            )
        self._tables = {name: _select(found[name], selection) for name, selection in wanted.items()}
        return self._tables

    @contextmanager
    def snapshot(self, datasets: Sequence[Dataset]) -> Iterator[PostgresSnapshot]:
        """Begin one consistent reading: REPEATABLE READ, one transaction, however many tables."""
        tables = self._tables or self._read_catalogue()
        with _connection() as own:
            snapshot = PostgresSnapshot(self, {d.name: tables[d.name] for d in datasets}, own)
            try:
                yield snapshot
            except BaseException:
                snapshot.end("ROLLBACK")
                raise
            snapshot.end("COMMIT")

    @contextmanager
    def session(self, connection: duckdb.DuckDBPyConnection) -> Iterator[Callable[[str], list[tuple[object, ...]]]]:
        """Attach the database to a DuckDB connection and give a function that queries it."""
        self.attach(connection)
        try:
            yield lambda sql: self.fetch(connection, sql)
        finally:
            self.detach(connection)

    def attach(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Attach the database, read-only."""
        with self.translated():
            load_extension(connection)
            connection.execute(
                f"ATTACH {literal(_in_utf8(self.dsn.get_secret_value()))} AS {_DATABASE} (TYPE postgres, READ_ONLY)"
            )

    def detach(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Let the database go. A lost server must not hide the error that told of it."""
        import duckdb

        with suppress(duckdb.Error):
            connection.execute(f"DETACH {_DATABASE}")

    def fetch(self, connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[object, ...]]:
        """The rows of a small query."""
        with self.translated():
            return connection.execute(f"SELECT * FROM {from_postgres(sql)}").fetchall()

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn the extension's errors into ours, without the password; errors that are not PostgreSQL's pass."""
        import duckdb

        try:
            yield
        except duckdb.Error as exc:
            error = self._translate(str(exc))
            if error is None:
                raise
            raise error from None  # the original text may hold the address with its password

    def _translate(self, text: str) -> MilepostError | None:  # noqa: PLR0911 - a table of messages
        text = text.replace(self.dsn.get_secret_value(), "***")
        password = urlsplit(self.dsn.get_secret_value()).password
        if password:
            text = text.replace(unquote(password), "***").replace(password, "***")
        where, brief = self._where(), _brief(text)
        if re.search(
            r"password authentication failed|no password supplied|permission denied|role .* does not exist", text
        ):
            return SourceUnauthorized(f"{where} refused us: {brief}", hint="check user, password and grants")
        if re.search(r"relation .* does not exist|column .* does not exist|schema .* does not exist", text):
            return SourceChanged(
                f"{where}: {brief}", hint="a table or column vanished while it was read; nothing was written, run again"
            )
        if re.search(r"database .* does not exist", text):
            return SourceChanged(f"{where}: {brief}", hint="correct the address of the database")
        if re.search(
            r"[Uu]nable to connect|server closed|terminat|could not (connect|receive|send)|[Cc]onnection|ROLLBACK", text
        ):
            return SourceUnavailable(f"{where} does not answer: {brief}", hint="is the server running and reachable?")
        if "Invalid unicode" in text or "invalid byte sequence" in text:
            return SourceError(
                f"{where} holds text that is not in the encoding it declares: {brief}",
                hint="correct the rows at the source (a SQL_ASCII database must hold UTF-8), or leave them out with `where`",
            )
        if "Failed to" in text and ("query" in text or "COPY" in text):
            return SourceError(
                f"{where} refused a query: {brief}", hint="correct `where` or `columns` in the ecosystem file"
            )
        return None

    def _where(self) -> str:
        parts = urlsplit(self.dsn.get_secret_value())
        return f"PostgreSQL at {parts.hostname or 'localhost'}:{parts.port or 5432}{parts.path}"

    def close(self) -> None:
        """Nothing is kept open between snapshots."""


@dataclass(slots=True)
class PostgresSnapshot:
    """Implements ports.Snapshot. The transaction lives in the connection that first reads: a store's, or our own."""

    source: PostgresSource
    tables: Mapping[str, Table]
    own: duckdb.DuckDBPyConnection
    _reader: duckdb.DuckDBPyConnection | None = None
    _taken_at: datetime | None = None

    @property
    def taken_at(self) -> datetime:
        """The server's time at the start of the transaction."""
        self.reader(self.own)
        assert self._taken_at is not None  # noqa: S101  # set by reader()
        return self._taken_at

    def reader(self, offered: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
        """The connection that holds the transaction; `offered` becomes it if there is none yet."""
        if self._reader is None:
            self.source.attach(offered)
            self._reader = offered
            offered.execute("BEGIN")
            self._taken_at = self.source.fetch(offered, "SELECT transaction_timestamp() AS at")[0][0]  # type: ignore[assignment]
        return self._reader

    def read(self, dataset: Dataset, since: str | None = None) -> Iterator[Chunk]:
        """All rows of a table, or those whose cursor is at or past `since`; rows that DuckDB cannot hold come as text."""
        table = self.tables[dataset.name]
        unheld = " OR ".join(r.unheld for r in table.readings.values() if r.unheld)
        yield Chunk(
            {
                dataset.name: PostgresRows(
                    self,
                    self._sql(table, dataset, since, f"NOT COALESCE({unheld}, false)" if unheld else "", text=False),
                )
            }
        )
        if unheld and self._any(table, dataset, since, unheld):
            yield Chunk({dataset.name: PostgresRows(self, self._sql(table, dataset, since, unheld, text=True))})

    def _any(self, table: Table, dataset: Dataset, since: str | None, unheld: str) -> bool:
        sql = f"SELECT EXISTS ({self._sql(table, dataset, since, unheld, text=True)}) AS found"
        return bool(self.source.fetch(self.reader(self.own), sql)[0][0])

    def _sql(self, table: Table, dataset: Dataset, since: str | None, extra: str, *, text: bool) -> str:
        readings = [table.readings.get(c.name, Reading(c.type, "NULL")) for c in dataset.columns]  # NULL: retired
        chosen = [f"({r.expression})::text" if text else r.expression for r in readings]
        conditions = [f"({c})" for c in (self._where(dataset), self._since(dataset, since), extra) if c]
        return (
            f"SELECT {', '.join(f'{e} AS c{n}' for n, e in enumerate(chosen))} "
            f"FROM {quote(self.source.schema)}.{quote(dataset.origin)}"
            + (f" WHERE {' AND '.join(conditions)}" if conditions else "")
        )

    def _where(self, dataset: Dataset) -> str:
        selection = self.source.selections.get(dataset.name)
        return selection.where if selection else ""

    def _since(self, dataset: Dataset, since: str | None) -> str:
        return f"{quote(dataset.cursor)} >= {literal(since)}" if since is not None and dataset.cursor else ""

    def end(self, how: str) -> None:
        """End the transaction and let the database go."""
        import duckdb

        if self._reader is not None:
            # After a lost server the ROLLBACK fails too; left open, DuckDB would abort the whole process on close.
            with suppress(duckdb.Error):
                self._reader.execute(how)
            self.source.detach(self._reader)


@dataclass(frozen=True, slots=True)
class PostgresRows:
    """The rows of one query: implements ports.Pourable, and ports.ArrowStream for stores that do not speak DuckDB."""

    snapshot: PostgresSnapshot
    sql: str

    def types(self, connection: duckdb.DuckDBPyConnection) -> list[str]:
        """The DuckDB type of each column."""
        reader = self.snapshot.reader(connection)
        with self.snapshot.source.translated():
            return [
                str(row[1]) for row in reader.execute(f"DESCRIBE SELECT * FROM {from_postgres(self.sql)}").fetchall()
            ]

    def pour(self, connection: duckdb.DuckDBPyConnection, into: str) -> int:
        """Run `into` (an INSERT or CREATE TABLE … AS) on the rows; returns how many."""
        reader = self.snapshot.reader(connection)
        with self.snapshot.source.translated(), _one_thread(reader):
            return int(reader.execute(f"{into} SELECT * FROM {from_postgres(self.sql)}").fetchall()[0][0])

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        reader = self.snapshot.reader(self.snapshot.own)
        with self.snapshot.source.translated():
            stream = reader.execute(f"SELECT * FROM {from_postgres(self.sql)}").to_arrow_reader(100_000)
            return stream.__arrow_c_stream__(requested_schema)


def from_postgres(sql: str) -> str:
    """A query for PostgreSQL as a relation of DuckDB."""
    return f"postgres_query({literal(_DATABASE)}, {literal(sql)})"


def _select(table: Table, selection: Selection) -> Table:
    """The table as declared: chosen columns, retired ones as NULL, another key or read mode."""
    columns = [c for c in table.dataset.columns if not selection.columns or c.name in selection.columns]
    unknown = sorted(set(selection.columns) - set(table.readings) - set(selection.retired))
    if unknown:
        raise SourceChanged(
            f"table {table.dataset.name!r} has no column {', '.join(map(repr, unknown))} "
            f"(there are: {', '.join(table.readings)})",
            hint="list a dropped column under `retired` in the ecosystem file",
        )
    dataset = replace(
        table.dataset,
        columns=tuple(columns),
        key=selection.key or tuple(k for k in table.dataset.key if k in {c.name for c in columns}),
        read_mode=selection.read_mode,
        cursor=selection.cursor,
        deleted_mark=selection.deleted_mark,
        retired=selection.retired,
    )
    return replace(table, dataset=dataset)


@contextmanager
def _connection() -> Iterator[duckdb.DuckDBPyConnection]:
    import duckdb

    connection = duckdb.connect(":memory:", config={"allow_unsigned_extensions": True})
    try:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


@contextmanager
def _one_thread(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """One core for a stream that one core reads: left to itself, DuckDB hands it from core to core.

    1M rows of customers: 0.46 s and 0.35 CPU seconds with one thread; with two 0.45 to 0.79 s, and up to 1.07 CPU seconds.
    """
    threads = connection.execute("SELECT current_setting('threads')").fetchall()[0][0]
    connection.execute("SET threads = 1")
    yield  # an error ends the snapshot, and its transaction takes no SET any more: that would hide what went wrong
    connection.execute(f"SET threads = {int(threads)}")


def load_extension(connection: duckdb.DuckDBPyConnection) -> None:
    """Load DuckDB's postgres extension from its wheel, which pip checked against the lock like any other code.

    Loaded by name it would be copied to the home folder and its signature checked anew each time, for 0.15 s.
    """
    import duckdb

    try:
        folder = files(_EXTENSION).joinpath("extensions", f"v{duckdb.__version__}")
    except ModuleNotFoundError as exc:
        raise NotInstalled(
            "DuckDB's postgres extension is missing", hint=f"pip install {_EXTENSION}=={duckdb.__version__}"
        ) from exc
    connection.execute(f"LOAD {literal(str(folder.joinpath('postgres_scanner.duckdb_extension')))}")


def _in_utf8(dsn: str) -> str:
    """The address, asking the server for UTF-8: a LATIN1 database would send bytes that DuckDB refuses."""
    if "client_encoding" in dsn:
        return dsn
    if not re.match(r"postgres(ql)?://", dsn):
        return f"{dsn} client_encoding=UTF8"
    return f"{dsn}{'&' if '?' in dsn else '?'}client_encoding=UTF8"


def _brief(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("LINE ")]
    return " ".join(lines)[:400]
