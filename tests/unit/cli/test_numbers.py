"""Numbers as people read them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from milepost.cli import numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_536_000, "1.5 MB"), (2e9, "2.0 GB"), (5e15, "5000.0 TB")],
)
def test_sizes(value: float, text: str) -> None:
    assert numbers.size(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0123, "12 ms"), (3.21, "3.2 s"), (60, "1 min"), (192, "3 min 12 s"), (7260, "2 h 1 min")],
)
def test_seconds(value: float, text: str) -> None:
    assert numbers.seconds(value) == text


def test_counts_money_rates_and_plurals() -> None:
    assert numbers.count(1234567) == "1,234,567"
    assert numbers.money(Decimal("1234.5"), "EUR") == "1,234.50 EUR"
    assert numbers.money(Decimal("0.1")) == "0.10"
    assert numbers.rate(100, 0) == "-"
    assert numbers.rate(25_000, 2) == "12,500/s"
    assert [numbers.plural(n, "day") for n in (0, 1, 1200)] == ["0 days", "1 day", "1,200 days"]
    assert numbers.plural(2, "entry", "entries") == "2 entries"
