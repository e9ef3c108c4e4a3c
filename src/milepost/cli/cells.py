"""Values as one line of text for a table. Exact values for machines are `document`'s and the export's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

NULL = "NULL"
_UNSEEN = str.maketrans({"\n": "↵", "\r": "␍", "\t": "⇥", "\x1b": "␛", "\x00": "␀", "\x07": "␇", "\b": "␈"})


def cell(value: object) -> str:  # noqa: PLR0911 - a table of types
    """The value on one line; nothing in it can move the cursor or colour the terminal. None is `NULL`."""
    match value:
        case None:
            return NULL
        case bool():
            return "true" if value else "false"
        case datetime():
            return _instant(value)
        case Decimal():
            return f"{value:f}"
        case bytes():
            return "\\x" + value.hex()
        case timedelta():
            return str(value)
        case list() | tuple():
            return f"[{', '.join(map(cell, value))}]"
        case dict():
            return "{" + ", ".join(f"{name}: {cell(item)}" for name, item in value.items()) + "}"
        case _:
            return str(value).translate(_UNSEEN)


def _instant(value: datetime) -> str:
    """Microseconds only where there are any; UTC as Z."""
    text = value.isoformat(sep=" ", timespec="microseconds" if value.microsecond else "seconds")
    return text.replace("+00:00", "Z") if value.tzinfo is UTC or value.utcoffset() == timedelta(0) else text
