"""Every variable is documented, and the example file, taken as it stands, is right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from milepost import settings

_ROOT = Path(__file__).parents[2]
_PAGE = (_ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
_EXAMPLE = (_ROOT / ".env.example").read_text(encoding="utf-8")


@pytest.mark.parametrize("variable", list(settings.variables()), ids=lambda v: v.name)
def test_variable_is_on_the_page_and_in_the_example_file(variable: settings.Variable) -> None:
    assert f"`{variable.name}`" in _PAGE
    assert f"\n#{variable.name}=" in _EXAMPLE
    assert variable.purpose
    assert variable.example


def test_example_file_loads_when_every_line_is_taken(tmp_path: Path) -> None:
    taken = re.sub(
        r"^#([A-Z_]+)(<CLIENT>)?=", lambda m: f"{m[1]}{'NORTH' if m[2] else ''}=", _EXAMPLE, flags=re.MULTILINE
    )
    (tmp_path / "env").write_text(taken, encoding="utf-8")
    loaded = settings.load(tmp_path / "env")
    assert set(loaded.klaviyo_keys) == {"default", "north"}
    assert loaded.pg_db == "shop"


def test_variables_named_in_the_code_are_in_the_table() -> None:
    known = {v.name for v in settings.variables()} | {"MILEPOST_CHINOOK", "MILEPOST_KLAVIYO_OPENAPI"}
    for path in (_ROOT / "src").rglob("*.py"):
        used = set(re.findall(r"\bMILEPOST_[A-Z_]+\b", path.read_text(encoding="utf-8"))) - {"MILEPOST_"}
        assert used <= known, f"{path}: {used - known}"
