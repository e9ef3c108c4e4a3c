"""Ctrl+C: first a clean stop, then the end."""

from __future__ import annotations

import os
import signal

import pytest

from milepost.cli import signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_one_sets_the_event_and_says_how_to_go_on(number: int, capfd) -> None:
    before = signal.getsignal(number)
    with signals.clean_stop("milepost backfill resume acme") as stop:
        assert not stop.is_set()
        os.kill(os.getpid(), number)
        assert stop.wait(1)
    assert "milepost backfill resume acme" in capfd.readouterr().err
    assert signal.getsignal(number) == before


def test_the_second_one_ends_at_once(monkeypatch, capfd) -> None:
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    with signals.clean_stop("x", silent=True):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        os.getpid()  # lets the interpreter run the handlers
    assert codes == [130]
    assert capfd.readouterr().err == ""
