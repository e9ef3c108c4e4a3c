"""The two files that a newcomer starts from, and writing them without ever overwriting one. What they mean is elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

from milepost.errors import StoreUnwritable

_FIRST_CLIENT = "default"


def ecosystem(env_file: Path) -> str:
    """The text of `ecosystem.yaml`: a datastore for each key and database that is set, or for a key still to come.

    Raises: SettingsInvalid where `env_file` is there and wrong.
    """
    from milepost.model.starter import default_ecosystem, starter_text
    from milepost.settings import load

    settings = load(env_file)
    return starter_text(default_ecosystem(settings.klaviyo_keys or [_FIRST_CLIENT], settings.pg_db))


def write_new(path: Path, text: str, mode: int) -> bool:
    """Write the file unless it is there; False where it was. Raises StoreUnwritable."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    except OSError as exc:
        raise StoreUnwritable(
            f"cannot write {path}: {exc.strerror}", hint="check that the folder is there and that you may write to it"
        ) from exc
    return True
