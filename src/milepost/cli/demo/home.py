"""The demo's folder: made new each time, never over anybody's files; the files in it make every verb work there."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from milepost.cli.starter import write_new
from milepost.errors import StoreUnwritable, UsageFault

_MARK = ".milepost-demo"
_PRIVATE, _PUBLIC = 0o600, 0o644


def fresh(home: Path) -> None:
    """Make the folder, or empty the one that an earlier demo left.

    Raises UsageFault where it holds anything else, StoreUnwritable where it cannot be made.
    """
    if home.exists() and not (home / _MARK).exists() and (not home.is_dir() or any(home.iterdir())):
        raise UsageFault(
            f"{home} is there and was not made by a demo; it is left alone", hint="name a new folder: --home"
        )
    try:
        if home.exists():
            shutil.rmtree(home)
        home.mkdir(parents=True)
        (home / _MARK).touch()
    except OSError as exc:
        raise StoreUnwritable(
            f"cannot make {home}: {exc.strerror}", hint="name a folder that you may write to: --home"
        ) from exc


def write_settings(home: Path, variables: Mapping[str, str], ecosystem: str) -> None:
    """Write `.env` (mode 0600) and `ecosystem.yaml`, so that `cd` into the folder is all that a verb needs."""
    write_new(home / ".env", "".join(f"{name}={value}\n" for name, value in variables.items()), _PRIVATE)
    write_new(home / "ecosystem.yaml", ecosystem, _PUBLIC)
