"""What every test shares: a clean environment, hypothesis profiles, fixture plug-ins, golden files."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

_HERE = Path(__file__).parent
_GOLDEN = _HERE / "golden"
_SCRUBBED = ("KLAVIYO_", "FIVETRAN_", "SUPERMETRICS_", "PG_", "AWS_", "S3_", "SES_", "BQ_", "MILEPOST_")
_KEPT = {"MILEPOST_KLAVIYO_OPENAPI", "MILEPOST_CHINOOK"}  # where a developer keeps files that tests can use

# A developer's keys must reach no test: scrubbed before anything of ours is imported.
for _name in [n for n in os.environ if n.startswith(_SCRUBBED) and n not in _KEPT]:
    del os.environ[_name]
os.environ.pop("DEFAULT_TIMEZONE", None)

if str(_HERE) not in sys.path:
    sys.path.insert(0, str(_HERE))

pytest_plugins = sorted(path.stem for path in _HERE.glob("fix_*.py"))

settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile("dev", deadline=None)
settings.load_profile("dev" if os.environ.get("HYPOTHESIS_PROFILE") == "dev" else "ci")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept-golden", action="store_true", help="write golden files instead of comparing them")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`golden("help/run.txt", text)` compares text to tests/golden/help/run.txt; mark such a test `golden`."""

    def compare(name: str, text: str) -> None:
        path = _GOLDEN / name
        if request.config.getoption("--accept-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"{path} is missing: make golden"
        assert text == path.read_text(encoding="utf-8"), f"differs from {path}: if it is meant, make golden"

    return compare
