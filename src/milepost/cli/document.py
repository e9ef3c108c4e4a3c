"""JSON as the command line writes it: exact decimals, ISO times, no NaN. Which fields a document has is each verb's."""

from __future__ import annotations

import base64
import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from uuid import UUID


def as_json(document: object) -> str:
    """The document as indented JSON text.

    Decimals become strings with all their digits, NaN and infinities become strings, bytes base64, intervals seconds.
    """
    import orjson

    options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATETIME
    return orjson.dumps(plain(document), default=str, option=options).decode()


def plain(value: object) -> object:  # noqa: C901, PLR0911 - a table of types
    """The value in JSON's own types."""
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if -(2**63) <= value < 2**64 else str(value)
        case float():
            return value if math.isfinite(value) else str(value)
        case dict():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(item) for item in value]
        case Enum():
            return plain(value.value)
        case datetime() | date() | time():
            return value.isoformat().replace("+00:00", "Z")
        case timedelta():
            return value.total_seconds()
        case bytes():
            return base64.b64encode(value).decode()
        case Decimal() | UUID() | PurePath():
            return str(value)
        case _:
            return str(value)
