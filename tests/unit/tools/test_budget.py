"""The size report finds what is too large, and only that."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("budget", Path(__file__).parents[3] / "tools" / "budget.py")
budget = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(budget)

LONG = "def f():\n" + "    x = 1\n" * 60
DOCUMENTED = 'def f():\n    """One.\n' + "\n" * 10 + '    """\n' + "    x = 1\n" * 59
PORT = "class P(Protocol):\n" + "".join(f"    def m{i}(self): ...\n" for i in range(9))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x = 1\n" * 400, []),
        ("x = 1\n" * 401, ["a.py:1: 401 lines (at most 400)"]),
        ("# budget: a table\n" + "x = 1\n" * 400, []),
        (LONG, ["a.py:1: f has 61 lines (at most 60)"]),
        (LONG.replace("def f():", "async def f():"), ["a.py:1: f has 61 lines (at most 60)"]),
        (LONG.replace("def f():", "def f():  # budget: a table"), []),
        (DOCUMENTED, []),
        (PORT, ["a.py:1: port P has 9 methods (at most 8)"]),
        (PORT.replace("(Protocol)", "(Other)"), []),
        ("", []),
    ],
)
def test_faults(tmp_path: Path, text: str, found: list[str]) -> None:
    path = tmp_path / "a.py"
    path.write_text(text)
    assert list(budget.faults(path, "a.py")) == found
