"""A DuckDB of its own for each thread, with statements prepared once and tables that are Arrow in memory; no meaning of rows.

A statement as large as ours takes longer to plan than to run, so it is prepared once. What it reads is a `_Feed`: the
same object each time, with another table in it, so that the plan stays valid. Measured in docs/decisions/0006.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from threading import local
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
    """One thread's DuckDB: in memory, one core, UTC. DuckDB gives up Python's lock while it works."""

    def __init__(self, macros: tuple[str, ...] = ()) -> None:
        import duckdb

        self._failed = duckdb.Error
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
        except self._failed as error:
            # DuckDB's text quotes the input, which holds personal data: only its first line's kind is told on.
            raise SourceUnavailable(f"an answer could not be read as JSON ({type(error).__name__})") from None


class Workers:
    """A worker for each thread that asks."""

    def __init__(self, macros: tuple[str, ...] = ()) -> None:
        self._macros = macros
        self._mine = local()

    def mine(self) -> Worker:
        """This thread's."""
        worker: Worker | None = getattr(self._mine, "worker", None)
        if worker is None:
            worker = self._mine.worker = Worker(self._macros)
        return worker


def page_table(body: bytes) -> pa.Table:
    """One row with the page's text in `body`, without a copy. Raises SourceUnavailable beyond 2 GiB."""
    import pyarrow as pa

    if len(body) > _LONGEST:
        raise SourceUnavailable(f"an answer has {len(body)} bytes (expected fewer than 2 GiB)")
    offsets = pa.py_buffer(array("i", [0, len(body)]))
    return pa.table({"body": pa.StringArray.from_buffers(1, offsets, pa.py_buffer(body))})
