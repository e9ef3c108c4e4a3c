"""Folding of long sentences: on a terminal only, between words, nothing lost."""

from __future__ import annotations

import io

import pytest

from milepost.cli.wrap import folded


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _narrow(monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")


def test_a_file_keeps_its_lines() -> None:
    assert folded("x" * 200, io.StringIO(), 2) == "x" * 200


def test_a_terminal_gets_lines_that_fit_under_a_hanging_indent() -> None:
    lines = folded("  → " + "word " * 30, _Terminal(), 4).splitlines()
    assert max(map(len, lines)) <= 40
    assert lines[0].startswith("  → word")
    assert all(line.startswith("    word") for line in lines[1:])
    assert " ".join(lines).split().count("word") == 30


def test_a_long_address_is_never_cut() -> None:
    assert "h" * 90 in folded("see " + "h" * 90, _Terminal(), 2)
