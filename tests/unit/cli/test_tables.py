"""Tables: trimmed and whole in a file, fitted on a terminal."""

from __future__ import annotations

import io

from rich.console import Console

from milepost.cli.tables import Column, render

COLUMNS = [Column("name"), Column("rows", right=True), Column("note")]
ROWS = [["orders", "1,234", "x" * 200], ["ｆlows", "7", ""]]


def _printed(*, terminal: bool, width: int) -> list[str]:
    file = io.StringIO()
    render(Console(file=file, width=width, force_terminal=terminal, no_color=True, color_system=None), COLUMNS, ROWS)
    return file.getvalue().splitlines()


def test_a_file_gets_everything_on_one_line_each_without_blanks_at_the_end() -> None:
    head, first, second = _printed(terminal=False, width=100_000)
    assert head == "name     rows  note"
    assert first == "orders  1,234  " + "x" * 200
    assert second == "ｆlows      7"  # a wide letter takes two places


def test_a_terminal_gets_what_fits_and_is_told_what_does_not() -> None:
    lines = _printed(terminal=True, width=40)
    assert max(map(len, lines)) <= 40
    assert lines[-1] == "(1 more: note)"
    assert "x" not in "".join(lines)


def test_a_long_cell_ends_in_an_ellipsis() -> None:
    lines = _printed(terminal=True, width=80)
    assert "…" in lines[1]
    assert max(map(len, lines)) <= 80
