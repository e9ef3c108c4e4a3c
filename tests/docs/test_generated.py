"""Generated files are what the code says, and the drawing of the error tree is the tree."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from milepost import errors

_ROOT = Path(__file__).parents[2]


def _generate():
    spec = importlib.util.spec_from_file_location("generate", _ROOT / "tools" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate = _generate()


@pytest.mark.parametrize("name", generate.GENERATED)
def test_generated_file_is_fresh(name: str) -> None:
    assert (_ROOT / name).read_text(encoding="utf-8") == generate.GENERATED[name](), f"{name} is stale: make golden"


def test_error_codes_are_unique() -> None:
    codes = [error.code for error in generate.error_tree()]
    assert sorted(codes) == sorted(set(codes))


def test_drawing_names_every_error_with_its_parent_and_disposition() -> None:
    drawn: dict[str, tuple[int, str]] = {}
    for line in errors.__doc__.splitlines():
        if match := re.match(r"^([│├└─ ]*)([A-Z]\w+)(.*)$", line):
            drawn[match[2]] = (len(match[1]) // 4, match[3])
    above = len(errors.MilepostError.__mro__)
    depth = {error.__name__: len(error.__mro__) - above for error in generate.error_tree()}
    assert {name: level for name, (level, _) in drawn.items() if name in depth} == depth
    for error in generate.error_tree():
        if not error.__subclasses__() and error.exit_code != 2:
            assert drawn[error.__name__][1].split()[-1] == error.disposition.value
