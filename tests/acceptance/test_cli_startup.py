"""How fast the command starts, and what it may load for that."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from milepost_process import PROGRAM, clean_environment, milepost

HEAVY = {"duckdb", "pyarrow", "pydantic", "rich", "structlog", "numpy", "psycopg", "yaml", "orjson", "urllib3"}
_PROBE = """
import sys
from milepost.cli.app import run
code = run(sys.argv[1:])
print(code, *sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["simulate", "--help"], ["simulate", "changes", "--help"]], ids=" ".join
)
def test_help_loads_no_heavy_library(arguments: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, *arguments], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    code, *loaded = done.stderr.split()
    assert code == "0"
    assert HEAVY & set(loaded) == set()


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_it_starts_in_a_sixth_of_a_second(argument: str, tmp_path: Path) -> None:
    seconds = []
    for _ in range(7):
        began = time.perf_counter()
        subprocess.run([PROGRAM, argument], cwd=tmp_path, env=clean_environment(), capture_output=True, check=True)
        seconds.append(time.perf_counter() - began)
    assert min(seconds) < 0.15, f"whole process: {statistics.median(seconds):.3f} s (median of 7)"


def test_the_version_is_the_package_s(tmp_path: Path) -> None:
    from milepost import __version__

    assert milepost("--version", cwd=tmp_path).out == f"milepost {__version__}\n"
