"""JSON documents: exact, and JSON whatever comes."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from uuid import UUID

import pytest

from milepost.cli.document import as_json


class _State(Enum):
    DONE = "done"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Decimal("123456789012345678901234567890.123456789"), "123456789012345678901234567890.123456789"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), "2026-01-02T03:04:05.000006Z"),
        (date(1, 1, 1), "0001-01-01"),
        (timedelta(minutes=1, microseconds=1), 60.000001),
        (b"\x00\xff", "AP8="),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (_State.DONE, "done"),
        ((1, {"a": (2,)}), [1, {"a": [2]}]),
        ({1: None}, {"1": None}),
        (0.1, 0.1),
        (2**63 - 1, 2**63 - 1),
        (2**64, "18446744073709551616"),
        ("ä\x00\n", "ä\x00\n"),
    ],
)
def test_a_value_is_written(value: object, written: object) -> None:
    assert json.loads(as_json([value])) == [written]
