"""Numbers as people read them: thousands, bytes, seconds, shares. Parsing does not belong here."""

from __future__ import annotations

from decimal import Decimal

_BYTES = ("B", "kB", "MB", "GB", "TB")


def count(value: float | Decimal) -> str:
    """`1234567` → `1,234,567`."""
    return f"{value:,.0f}"


def money(value: Decimal, currency: str = "") -> str:
    """`1234.5` → `1,234.50 EUR`."""
    return f"{value:,.2f} {currency}".rstrip()


def size(value: float) -> str:
    """`1536000` → `1.5 MB`, in powers of ten as disks and networks are sold."""
    for unit in _BYTES:
        if abs(value) < 1000 or unit == _BYTES[-1]:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return ""


def seconds(value: float) -> str:
    """`0.0123` → `12 ms`, `3.21` → `3.2 s`, `192` → `3 min 12 s`, `7260` → `2 h 1 min`."""
    if value < 1:
        return f"{value * 1000:.0f} ms"
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def rate(amount: float, elapsed: float) -> str:
    """Rows per second: `12,345/s`, or a dash where no time passed."""
    return f"{amount / elapsed:,.0f}/s" if elapsed > 0 else "-"


def plural(amount: int, noun: str, nouns: str = "") -> str:
    """`1 day`, `1,200 days`."""
    return f"{amount:,} {noun if amount == 1 else nouns or noun + 's'}"
