"""Tables for people: columns with a side, as many as the terminal has room for. Where the rows come from is elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_GAP = 2
_WIDEST = 48  # a cell on a terminal; text beyond it ends in …


@dataclass(frozen=True, slots=True)
class Column:
    """A column's title; numbers stand on the right; `style` is rich's; `fold` keeps long text, over several lines."""

    title: str
    right: bool = False
    style: str = ""
    fold: bool = False


def render(console: Console, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Print the table; columns that find no room are named below it."""
    from rich.table import Table
    from rich.text import Text

    shown = _fitting(console.width, columns, rows) if console.is_terminal else len(columns)
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for column in columns[:shown]:
        table.add_column(
            column.title,
            justify="right" if column.right else "left",
            style=column.style,
            no_wrap=not column.fold,
            overflow="fold" if column.fold else "ellipsis",
            max_width=_WIDEST if console.is_terminal and not column.fold else None,
        )
    for row in rows:
        table.add_row(*(Text.from_ansi(cell) if "\x1b" in cell else Text(cell) for cell in row[:shown]))
    print_trimmed(console, table)
    if hidden := columns[shown:]:
        names = ", ".join(column.title for column in hidden)
        console.print(f"({len(hidden)} more: {names})", style="dim", markup=False, highlight=False)


def _fitting(width: int, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> int:
    """How many columns stand side by side at their full width (at least two)."""
    from rich.cells import cell_len

    used = 0
    for index, column in enumerate(columns):
        widest = max((cell_len(row[index]) for row in rows), default=0)
        used += min(max(widest, cell_len(column.title)), 16 if column.fold else _WIDEST) + _GAP
        if used - _GAP > width:
            return max(index, min(2, len(columns)))
    return len(columns)


def print_trimmed(console: Console, table: object) -> None:
    """Print without the blanks that pad the last column: they are noise in a file."""
    if console.is_terminal:
        console.print(table)
        return
    with console.capture() as capture:
        console.print(table)
    console.file.write("".join(line.rstrip() + "\n" for line in capture.get().splitlines()))
