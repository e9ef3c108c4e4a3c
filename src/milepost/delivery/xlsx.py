"""Writes rows to an Excel workbook in constant memory, so that every cell shows what the row holds. Not what it means.

A text is never a formula or a link, whatever it begins with. A number that Excel would round (it keeps 15 digits), a day
before 1900 and everything without a cell type of its own is written as text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from milepost.errors import UsageFault

if TYPE_CHECKING:
    import pyarrow as pa
    import xlsxwriter

MAX_ROWS = 1_048_576  # with the header; https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3
MAX_COLUMNS = 16_384
MAX_TEXT = 32_767
_DIGITS = 15
_FIRST_YEAR = 1900
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}
_FORMATS = {date: "yyyy-mm-dd", datetime: "yyyy-mm-dd hh:mm:ss.000"}
_HINT = "choose CSV or Parquet, or fewer rows"


def write_xlsx(rows: pa.RecordBatchReader, path: Path) -> None:
    """One sheet, its header frozen; instants are in UTC, to the millisecond. Raises UsageFault above Excel's limits.

    Rows on their way to the sheet are kept in files beside `path`: its folder should be a temporary one.
    """
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    names = rows.schema.names
    if len(names) > MAX_COLUMNS:
        raise UsageFault(f"{len(names)} columns do not fit into a sheet (at most {MAX_COLUMNS})", hint=_HINT)
    book = xlsxwriter.Workbook(str(path), {**_OPTIONS, "tmpdir": str(path.parent)})
    try:
        _write_sheet(book, rows)
    finally:
        try:
            book.close()
        except FileCreateError as exc:
            raise OSError(*exc.args[0].args) from exc


def _write_sheet(book: xlsxwriter.Workbook, rows: pa.RecordBatchReader) -> None:
    names = rows.schema.names
    sheet = book.add_worksheet("rows")
    shapes = {kind: book.add_format({"num_format": text}) for kind, text in _FORMATS.items()}
    sheet.freeze_panes(1, 0)
    _write_row(sheet, 0, names, names, shapes)
    number = 0
    for batch in rows:
        for record in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            number += 1
            if number >= MAX_ROWS:
                raise UsageFault(f"the rows do not fit into a sheet (at most {MAX_ROWS - 1:,})", hint=_HINT)
            _write_row(sheet, number, record, names, shapes)


def _write_row(sheet: Any, number: int, record: Any, names: list[str], shapes: Mapping[Any, object]) -> None:
    for position, value in enumerate(record):
        if value is None:
            continue
        write, shown = _cell(sheet, value)
        shape = shapes.get(type(shown))
        if write(number, position, shown, *([shape] if shape else [])) < 0:
            raise UsageFault(
                f"row {number}, {names[position]!r}: {len(str(shown)):,} characters do not fit into a cell"
                f" (at most {MAX_TEXT:,})",
                hint="choose CSV or Parquet",
            )


def _cell(sheet: Any, value: object) -> tuple[Callable[..., int], object]:
    """(the sheet's method, what it writes) for a value."""
    write: Callable[..., int] = sheet.write_string
    match value:
        case bool():
            return sheet.write_boolean, value
        case int() | float() | Decimal() if _is_exact(value):
            write = sheet.write_number
        case datetime() if value.year >= _FIRST_YEAR:
            write = sheet.write_datetime
            value = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        case date() if value.year >= _FIRST_YEAR and not isinstance(value, datetime):
            write = sheet.write_datetime
        case bytes():
            value = value.hex()
        case _:
            value = _as_text(value)
    return write, value


def _is_exact(value: float | Decimal) -> bool:
    """Whether Excel keeps the number as it is. A double is written as it is: it has no more digits than its own."""
    if not math.isfinite(value):
        return False
    return isinstance(value, float) or len(Decimal(value).normalize().as_tuple().digits) <= _DIGITS


def _as_text(value: object) -> str:
    if isinstance(value, (list, dict)):
        import orjson

        return orjson.dumps(value, default=str).decode()
    return str(value)
