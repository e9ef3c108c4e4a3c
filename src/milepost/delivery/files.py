"""Writes rows to a CSV, Parquet, XLSX or JSON lines file: the whole file or none. XLSX itself is in `xlsx.py`.

CSV and JSON lines carry values exactly as they are. A text that begins with = + - or @ is a formula to a spreadsheet that
opens a CSV ("CSV injection"): for people who open files in a spreadsheet write XLSX, where a text stays a text.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from milepost.delivery.xlsx import write_xlsx
from milepost.errors import StoreUnwritable, UsageFault
from milepost.model.faults import did_you_mean
from milepost.ports import ArrowStream

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_SUFFIXES = {".csv": "csv", ".parquet": "parquet", ".xlsx": "xlsx", ".jsonl": "jsonl", ".ndjson": "jsonl"}


@dataclass(frozen=True, slots=True)
class Written:
    """A finished file: where, how many rows and bytes."""

    path: Path
    rows: int
    bytes: int


def format_of(path: Path) -> str:
    """The format that the file's name asks for. Raises UsageFault."""
    if path.suffix.lower() not in _SUFFIXES:
        known = ", ".join(_SUFFIXES)
        raise UsageFault(
            f"{path}: no format is known by {path.suffix or 'no ending'!r}{did_you_mean(path.suffix, _SUFFIXES)}",
            hint=f"end the name in one of {known}, or name a format",
        )
    return _SUFFIXES[path.suffix.lower()]


def write(rows: ArrowStream, path: Path, format: str | None = None) -> Written:  # noqa: A002 (the word users know)
    """Write rows (an Arrow table, a reader, a DuckDB relation) to `path`, in `format` or the one its name asks for.

    The file appears whole, replacing one that is there, or not at all; rows stream through in batches. Instants are written
    in UTC; a null is an empty CSV field and an empty text is "". Raises UsageFault for an unknown format and for more than a
    sheet holds, StoreUnwritable where the place is full or may not be written to, and what the rows' own source raises.
    """
    import pyarrow as pa

    chosen = format or format_of(path)
    if chosen not in FORMATS:
        raise UsageFault(
            f"unknown format {chosen!r}{did_you_mean(chosen, FORMATS)}", hint=f"one of: {', '.join(FORMATS)}"
        )
    passing = _Passing(pa.RecordBatchReader.from_stream(rows))
    try:
        with _whole_file(path) as part:
            _write_part(passing, FORMATS[chosen], part)
    except _RowsFailed as failed:
        raise failed.error from failed.error.__cause__
    return Written(path, passing.rows, path.stat().st_size)


def _write_part(passing: _Passing, write_format: Callable[[pa.RecordBatchReader, Path], None], part: Path) -> None:
    import pyarrow as pa

    try:
        write_format(pa.RecordBatchReader.from_batches(passing.reader.schema, passing.batches()), part)
    except Exception as exc:
        if passing.failure is not None:
            raise _RowsFailed(passing.failure) from exc
        raise


@contextlib.contextmanager
def _whole_file(path: Path) -> Iterator[Path]:
    """A file in a temporary folder beside `path` that takes its place, on disk, when the block ends well."""
    import duckdb

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name[:100]}.", suffix=".part", dir=path.parent) as folder:
            part = Path(folder, "part")
            yield part
            _to_disk(part)
            part.replace(path)
        _to_disk(path.parent)
    except (OSError, duckdb.IOException) as exc:
        reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc).splitlines()[0]
        raise StoreUnwritable(
            f"{path} cannot be written: {reason}", hint="nothing was changed; free space, or name another place"
        ) from exc


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@dataclass(slots=True)
class _Passing:
    """The rows on their way: how many there were, and what their source raised, which a writer may wrap or rename."""

    reader: pa.RecordBatchReader
    rows: int = 0
    failure: Exception | None = None

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The batches, counted."""
        try:
            for batch in self.reader:
                self.rows += batch.num_rows
                yield batch
        except Exception as exc:
            self.failure = exc
            raise


class _RowsFailed(Exception):
    """The rows' source failed, not the file: an OSError of theirs must not read as "cannot be written"."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def _csv(rows: pa.RecordBatchReader, path: Path) -> None:
    """The header goes in as the first row: DuckDB would rename columns that differ only in case."""
    import pyarrow as pa
    from duckdb import CaseExpression

    names = pa.table({f"c{i}": [name] for i, name in enumerate(rows.schema.names)})
    with _duckdb(rows) as (con, relation, values):
        cells = [value.cast("VARCHAR") for value in values]
        if len(cells) == 1:  # a null alone in its row would be a blank line, and readers skip blank lines
            cells = [CaseExpression(cells[0].isnull(), _text("")).otherwise(cells[0])]
        lines = con.from_arrow(names).union(relation.select(*cells))
        lines.write_csv(str(path), header=False)


def _jsonl(rows: pa.RecordBatchReader, path: Path) -> None:
    fields = list(rows.schema)
    with _duckdb(rows) as (_, relation, values):
        pairs = [p for f, value in zip(fields, values, strict=True) for p in (_text(f.name), _json(f, value))]
        lines = relation.select(_call("json_object", *pairs).cast("VARCHAR").alias("line"))
        # One text column without quotes is one JSON value in each line; JSON escapes the separator that is named here.
        lines.write_csv(str(path), header=False, sep="\x01", quotechar="", escapechar="")


def _parquet(rows: pa.RecordBatchReader, path: Path) -> None:
    import pyarrow.parquet

    with pyarrow.parquet.ParquetWriter(path, rows.schema, compression="zstd") as file:
        for batch in rows:
            file.write_batch(batch)


@contextlib.contextmanager
def _duckdb(
    rows: pa.RecordBatchReader,
) -> Iterator[tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyRelation, list[duckdb.Expression]]]:
    """A connection, the rows in it, and an expression for each column that reads the same everywhere."""
    import duckdb
    import pyarrow as pa

    numbered = pa.schema([field.with_name(f"c{i}") for i, field in enumerate(rows.schema)])
    renamed = (pa.RecordBatch.from_arrays(batch.columns, schema=numbered) for batch in rows)
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        relation = con.from_arrow(pa.RecordBatchReader.from_batches(numbered, renamed))
        yield con, relation, [_readable(field) for field in numbered]


def _readable(field: pa.Field) -> duckdb.Expression:
    """The column; an instant as 2026-01-05T14:30:00Z, one without a zone as 2026-01-05T14:30:00, nested values as JSON."""
    import pyarrow as pa
    from duckdb import ColumnExpression

    column = ColumnExpression(field.name)
    if pa.types.is_nested(field.type):
        return _call("to_json", column)
    if not pa.types.is_timestamp(field.type):
        return column
    clock = _call("timezone", _text("UTC"), column) if field.type.tz else column
    written = _call("strftime", clock, _text("%Y-%m-%dT%H:%M:%S.%f" + ("Z" if field.type.tz else "")))
    return _call("replace", written, _text(".000000"), _text(""))


def _json(field: pa.Field, value: duckdb.Expression) -> duckdb.Expression:
    """The value as JSON; NaN and infinities, which JSON does not have, as text."""
    import pyarrow as pa
    from duckdb import CaseExpression

    if not pa.types.is_floating(field.type):
        return value  # json_object writes it exactly; to_json would make a decimal a double
    return CaseExpression(_call("isfinite", value), _call("to_json", value)).otherwise(
        _call("to_json", value.cast("VARCHAR"))
    )


def _call(function: str, *arguments: duckdb.Expression) -> duckdb.Expression:
    from duckdb import FunctionExpression

    return FunctionExpression(function, *arguments)


def _text(text: str) -> duckdb.Expression:
    from duckdb import ConstantExpression

    return ConstantExpression(text)


FORMATS: dict[str, Callable[[pa.RecordBatchReader, Path], None]] = {
    "csv": _csv,
    "parquet": _parquet,
    "xlsx": write_xlsx,
    "jsonl": _jsonl,
}
