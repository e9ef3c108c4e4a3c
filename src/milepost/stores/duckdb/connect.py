"""Opening DuckDB: settings that keep memory bounded, and its errors translated once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from milepost.errors import MilepostError, QueryInvalid, StoreBusy, StoreCorrupt, StoreError, StoreUnwritable
from milepost.stores.sql.dialect import literal, quote

if TYPE_CHECKING:
    import duckdb

STORE = "store"


@dataclass(frozen=True, slots=True)
class Resources:
    """What a connection may use: memory (DuckDB's spelling, such as `700MB`), threads (0: all), a folder to spill to."""

    memory: str = "700MB"
    threads: int = 0
    spill: Path = Path("tmp")


@contextmanager
def in_memory(resources: Resources, *, staging: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """A private database; what does not fit into memory goes to the spill folder.

    One for `staging` may load extensions by their file, and keeps every type when it hands out Arrow.
    """
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": resources.memory,
        "temp_directory": str(resources.spill),
        "preserve_insertion_order": False,
        "arrow_lossless_conversion": staging,
        "allow_unsigned_extensions": staging,
        "autoinstall_known_extensions": False,  # a query must not fetch code
    }
    if resources.threads:
        config["threads"] = resources.threads
    connection = duckdb.connect(":memory:", config=config)
    try:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


def attach(connection: duckdb.DuckDBPyConnection, path: Path, *, read_only: bool) -> None:
    """Attach the store's file under the name STORE. Row groups use the newest storage, which compresses best."""
    options = "READ_ONLY" if read_only else "STORAGE_VERSION 'v1.5.0'"
    connection.execute(f"ATTACH {literal(str(path))} AS {quote(STORE)} ({options})")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn DuckDB's errors into ours; the vendor's message is kept, the file is named."""
    import duckdb

    try:
        yield
    except MilepostError:
        raise
    except (duckdb.CatalogException, duckdb.BinderException, duckdb.ParserException) as exc:
        raise QueryInvalid(
            f"the query is not valid: {exc}", hint="table names: milepost query 'SHOW ALL TABLES'"
        ) from exc
    except (duckdb.ConversionException, duckdb.InvalidInputException) as exc:
        if "read-only" in str(exc):
            raise QueryInvalid("the query would write, and queries are read-only", hint="use SELECT") from exc
        raise QueryInvalid(f"the query failed: {exc}") from exc
    except duckdb.SerializationException as exc:
        raise _corrupt(path, exc) from exc
    except duckdb.IOException as exc:
        raise _io_error(path, exc) from exc
    except duckdb.OutOfMemoryException as exc:
        raise StoreUnwritable(
            f"the store ran out of memory or of room to spill: {exc}",
            hint="raise MILEPOST_MEMORY_LIMIT or free disk space",
        ) from exc
    except duckdb.Error as exc:
        raise StoreError(f"the store {path} failed: {exc}") from exc


def _io_error(path: Path, exc: Exception) -> StoreError:
    text = str(exc)
    if "not a valid DuckDB database" in text or "checksum" in text.lower() or "corrupt" in text.lower():
        return _corrupt(path, exc)
    if "lock" in text.lower() and "conflicting" in text.lower():
        return StoreBusy(
            f"the store {path} is open in a program that does not use Milepost's lock: {text.splitlines()[0]}",
            hint="close that program (a DuckDB shell keeps the file locked)",
        )
    return StoreUnwritable(
        f"cannot use the store {path}: {text.splitlines()[0]}", hint="check free disk space and permissions"
    )


def _corrupt(path: Path, exc: Exception) -> StoreCorrupt:
    return StoreCorrupt(
        f"the store {path} is damaged or not a DuckDB file: {str(exc).splitlines()[0]}",
        hint="move the file away and restore a copy, or let Milepost read everything again",
    )
