"""Progress: lines with the state of every part; bars only where a job is long."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from milepost.cli import progress
from milepost.cli.call import Call
from milepost.clock import ManualClock


@pytest.fixture
def clock(monkeypatch) -> ManualClock:
    clock = ManualClock()
    monkeypatch.setattr(progress, "SystemClock", lambda: clock)
    return clock


def test_lines_come_every_few_seconds_and_tell_all_parts(clock: ManualClock) -> None:
    said: list[str] = []
    with progress.Lines("backfill", said.append) as shown:
        shown.update("orders", 1, 365)
        clock.sleep(2.9)
        shown.update("orders", 2, 365)
        assert said == []
        clock.sleep(0.1)
        shown.update("orders", 73, 365, "1,000 rows")
        shown.update("flows", 3, None)
        clock.sleep(3)
        shown.update("flows", 4, None)
    assert said == [
        "backfill: orders 73/365 (20 %) 1,000 rows",
        "backfill: orders 73/365 (20 %) 1,000 rows, flows 4",
    ]


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
