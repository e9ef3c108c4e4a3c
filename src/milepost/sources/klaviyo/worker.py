"""DuckDBs in memory, one for each core, with statements prepared once and tables that are Arrow in memory; no meaning of rows.

A statement as large as ours takes longer to plan than to run, so it is prepared once. What it reads is a `_Feed`: the
same object each time, with another table in it, so that the plan stays valid. Measured in docs/decisions/0006.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from queue import LifoQueue
from typing import TYPE_CHECKING, Any

from milepost.errors import SourceUnavailable

if TYPE_CHECKING:
    import pyarrow as pa

_LONGEST = 2**31 - 1


class _Feed:
    """A table that a statement reads under a fixed name."""

    def __init__(self, table: Any) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


class Worker:
    """One DuckDB: in memory, one core, UTC; for one thread at a time. DuckDB gives up Python's lock while it works."""

    def __init__(self, macros: tuple[str, ...] = ()) -> None:
        import duckdb

        self._malformed = duckdb.InvalidInputException
        self._connection = duckdb.connect(":memory:", config={"threads": 1})
        self._connection.execute("SET TimeZone = 'UTC'")
        for macro in macros:
            self._connection.execute(macro)
        self._feeds: dict[str, _Feed] = {}
        self._prepared: dict[str, str] = {}

    def run(self, statement: str, tables: Mapping[str, Any]) -> pa.Table:
        """The statement's rows as Arrow, with `tables` under their names. Raises SourceUnavailable where JSON is broken."""
        for name, table in tables.items():
            if name in self._feeds:
                self._feeds[name].table = table
            else:
                self._feeds[name] = _Feed(table)
                self._connection.register(name, self._feeds[name])
        try:
            if statement not in self._prepared:
                name = f"s{len(self._prepared)}"
                self._connection.execute(f"PREPARE {name} AS {statement}")
                self._prepared[statement] = name
            return self._connection.execute(f"EXECUTE {self._prepared[statement]}").to_arrow_table()
        except (self._malformed, UnicodeDecodeError):
            # DuckDB's text quotes the input, which holds personal data: it is not told on.
            raise SourceUnavailable("an answer could not be read as JSON") from None


class Workers:
    """As many workers as there are cores, lent to the threads that ask: more would only plan the same statements again."""

    def __init__(self, macros: tuple[str, ...] = (), count: int | None = None) -> None:
        self._macros = macros
        self._idle: LifoQueue[Worker | None] = LifoQueue()
        for _ in range(count or os.cpu_count() or 1):
            self._idle.put(None)

    @contextmanager
    def lent(self) -> Iterator[Worker]:
        """A worker for as long as it is needed; waits where all are busy."""
        worker = self._idle.get()
        try:
            worker = worker or Worker(self._macros)
            yield worker
        finally:
            self._idle.put(worker)


def page_table(body: bytes) -> pa.Table:
    """One row with the page's text in `body`, without a copy. Raises SourceUnavailable beyond 2 GiB."""
    import pyarrow as pa

    if len(body) > _LONGEST:
        raise SourceUnavailable(f"an answer has {len(body)} bytes (expected fewer than 2 GiB)")
    offsets = pa.py_buffer(array("i", [0, len(body)]))
    return pa.table({"body": pa.StringArray.from_buffers(1, offsets, pa.py_buffer(body))})
