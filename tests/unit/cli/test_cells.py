"""Values on one line of a table."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from milepost.cli.cells import cell


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "NULL"),
        ("", ""),
        ("NULL", "NULL"),
        (0, "0"),
        (True, "true"),
        (-0.0, "-0.0"),
        (float("nan"), "nan"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.000000001"), "0.000000001"),
        (b"\x00\xff", "\\x00ff"),
        (date(9999, 12, 31), "9999-12-31"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02 03:04:05Z"),
        (datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(0))), "2026-01-02 03:04:05.000006Z"),
        (datetime(2026, 1, 2), "2026-01-02 00:00:00"),  # noqa: DTZ001
        (timedelta(days=1, seconds=1), "1 day, 0:00:01"),
        ("line\nline\ttab\x1b[31mred", "line↵line⇥tab␛[31mred"),
        (["a", None, 1], "[a, NULL, 1]"),
        ({"sku": "x\n"}, "{sku: x↵}"),
    ],
)
def test_a_cell(value: object, text: str) -> None:
    assert cell(value) == text
