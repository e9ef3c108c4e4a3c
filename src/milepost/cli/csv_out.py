"""CSV on standard output, as rows come. Files are the export's; how values are written is the same: exact."""

from __future__ import annotations

import csv
from typing import TextIO

from milepost.cli.document import plain
from milepost.cli.rows import values
from milepost.ports import ArrowStream


def write_csv(stream: ArrowStream, file: TextIO) -> None:
    """Write a header and all rows; NULL is an empty field, an empty text is `""`."""
    import pyarrow as pa

    reader = pa.RecordBatchReader.from_stream(stream)
    csv.writer(file, lineterminator="\n").writerow(reader.schema.names)
    for batch in reader:
        file.writelines(",".join(map(_field, row)) + "\n" for row in values(batch))


def _field(value: object) -> str:
    if value is None:
        return ""
    text = _text(value)
    return '"' + text.replace('"', '""') + '"' if text == "" or any(c in text for c in ',"\n\r') else text


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        import orjson

        return orjson.dumps(plain(value)).decode()
    return str(plain(value))
