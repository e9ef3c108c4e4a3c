"""The tree of errors: every one has a code of its own, a disposition and an exit code; its drawing is true."""

from __future__ import annotations

import re

import pytest

from milepost import errors
from milepost.errors import Disposition, MilepostError, SourceThrottled, UsageFault


def tree(root: type[MilepostError] = MilepostError) -> list[type[MilepostError]]:
    """Every class of errors.py, from the root down."""
    return [root, *(c for sub in root.__subclasses__() if sub.__module__ == errors.__name__ for c in tree(sub))]


@pytest.mark.parametrize("error", tree(), ids=lambda e: e.__name__)
def test_every_error_has_a_code_of_its_own_and_says_what_the_engine_does(error):
    assert "code" in vars(error), "a code is not inherited"
    assert re.fullmatch(r"[a-z]+(\.[a-z]+)?", error.code)
    assert isinstance(error.disposition, Disposition)
    assert error.__doc__


def test_no_two_errors_share_a_code():
    codes = [error.code for error in tree()]
    assert len(set(codes)) == len(codes)


def test_the_drawing_in_the_docstring_names_every_error_where_it_stands_and_with_its_disposition():
    drawn = {}
    above = ["MilepostError"]
    for line in errors.__doc__.splitlines():
        if match := re.match(r"^([│ ]*)[├└]── (\w+)\s*(.*)$", line):
            depth = len(match[1]) // 4 + 1
            above = [*above[:depth], match[2]]
            drawn[match[2]] = (above[-2], match[3])
    real = {error.__name__: error.__mro__[1].__name__ for error in tree()[1:]}
    assert {name: parent for name, (parent, _) in drawn.items()} == real
    for name, (_, text) in drawn.items():
        disposition = text.rsplit(" ", 1)[-1]
        if disposition in {d.value for d in Disposition}:
            assert getattr(errors, name).disposition.value == disposition, name


def test_a_fault_of_usage_ends_with_two_a_stop_by_a_person_with_130_everything_else_with_one():
    for error in tree():
        wanted = 2 if issubclass(error, UsageFault) else 130 if error is errors.Stopped else 1
        assert error.exit_code == wanted, error


def test_an_error_says_what_happened_and_then_what_to_do():
    error = MilepostError("the store is gone", hint="look for it", path="/tmp/x")
    assert str(error) == "the store is gone\n  → look for it"
    assert error.as_dict() == {
        "code": "milepost",
        "message": "the store is gone",
        "hint": "look for it",
        "path": "/tmp/x",
    }
    assert str(MilepostError("the store is gone")) == "the store is gone"


def test_a_throttled_request_knows_how_long_to_wait():
    assert SourceThrottled("slow down", retry_after=1.5).retry_after == 1.5
    assert SourceThrottled("slow down").retry_after is None
