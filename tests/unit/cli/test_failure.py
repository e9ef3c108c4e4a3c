"""How an error is shown, and the exit code it gives."""

from __future__ import annotations

import json

import click
import pytest

from milepost.cli.call import Call
from milepost.cli.failure import report
from milepost.errors import RangeInvalid, Stopped, StoreCorrupt


def test_an_error_says_what_what_to_do_and_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(StoreCorrupt("store x.duckdb is not a DuckDB file", hint="restore it"), Call()) == 1
    assert capsys.readouterr().err == "error[store.corrupt]: store x.duckdb is not a DuckDB file\n  → restore it\n"


def test_exit_codes_come_with_the_class(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(RangeInvalid("reversed"), Call()) == 2
    assert report(Stopped("stopped"), Call()) == 130
    assert report(click.UsageError("Wrong."), Call()) == 2
    assert report(ZeroDivisionError("1/0"), Call()) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_json_carries_code_message_hint_fields_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    report(RangeInvalid("reversed", hint="turn it", value="x"), Call(json=True))
    assert json.loads(capsys.readouterr().err) == {
        "error": {"code": "range.invalid", "message": "reversed", "hint": "turn it", "value": "x"},
        "exit_code": 2,
    }


def test_a_fault_of_ours_has_a_traceback_only_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError) as caught:
        _fail()
    call = Call(log_level="debug")
    call.protect("secret-key-1")
    assert report(caught.value, call) == 1
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "error[unexpected]" in said
    assert "secret-key-1" not in said


@pytest.mark.parametrize("as_json", [True, False])
def test_no_secret_is_shown(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    call = Call(json=as_json)
    call.protect("pk_0123456789", "", "abc")
    report(RangeInvalid("pk_0123456789 at postgresql://me:hunter2@db/x", hint="pk_0123456789 abc"), call)
    said = capsys.readouterr().err
    assert "pk_0123" not in said
    assert "hunter2" not in said
    assert "postgresql://me:***@db/x" in said
    assert "abc" in said  # too short to be replaced everywhere


def _fail() -> None:
    raise KeyError("secret-key-1")
