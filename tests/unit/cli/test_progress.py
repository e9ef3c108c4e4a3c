"""Progress: lines with the state of every part; bars only where a job is long."""

from __future__ import annotations

import io
import time

import pytest
from rich.console import Console

from milepost.cli import progress
from milepost.cli.call import Call


def test_lines_tell_all_parts_and_only_what_is_new(monkeypatch) -> None:
    monkeypatch.setattr(progress, "_LINE_EVERY", 0.01)
    monkeypatch.setattr(progress, "_QUIET_TICKS", 10**9)
    said: list[str] = []
    with progress.Lines("backfill", said.append) as shown:
        shown.update("orders", 73, 365, "1,000 rows")
        shown.update("flows", 3, None)
        _wait_for(lambda: said)
        shown.update("flows", 4, None)
        _wait_for(lambda: len(said) > 1)
    assert said == [
        "backfill: orders 73/365 (20 %) 1,000 rows, flows 3",
        "backfill: orders 73/365 (20 %) 1,000 rows, flows 4",
    ]


def test_a_line_now_and_then_says_that_it_is_alive(monkeypatch) -> None:
    monkeypatch.setattr(progress, "_LINE_EVERY", 0.001)
    said: list[str] = []
    with progress.Lines("backfill", said.append):
        _wait_for(lambda: len(said) > 1)
    assert set(said) == {"backfill: working"}


def _wait_for(condition) -> None:
    deadline = time.monotonic() + 5
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.002)


def test_bars_are_not_drawn_for_what_is_short() -> None:
    file = io.StringIO()
    with progress.Bars("x", Console(file=file, force_terminal=True, width=80)) as shown:
        shown.update("orders", 365, 365)
    assert "orders" not in file.getvalue()


def test_bars_are_drawn_for_what_is_long(monkeypatch) -> None:
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    file = io.StringIO()
    with progress.Bars("backfill", Console(file=file, force_terminal=True, width=100)) as shown:
        shown.update("orders", 12, 365, "9 rows")
        shown._timer.join()
        shown._bars.refresh()
    assert "backfill · orders" in file.getvalue()
    assert "12/365" in file.getvalue()
    assert "9 rows" in file.getvalue()


@pytest.mark.parametrize(("quiet", "json"), [(True, False), (False, True)])
def test_nothing_is_shown_when_silent(quiet: bool, json: bool, capsys) -> None:
    with Call(quiet=quiet, json=json).out.progress("x") as shown:
        shown.update("a", 1, 2)
    assert isinstance(shown, progress.Silent)
    assert capsys.readouterr() == ("", "")


def test_a_pipe_gets_lines() -> None:
    with Call().out.progress("x") as shown:
        assert isinstance(shown, progress.Lines)
