"""Named SQL statements, read from the files beside this one."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files


@cache
def statements(file: str) -> dict[str, str]:
    """The statements of a file by name; a statement begins at its `-- name:` line."""
    text = files(__name__).joinpath(file).read_text()
    parts = re.split(r"^-- name: (\w+)$", text, flags=re.MULTILINE)
    return {name: body.strip() for name, body in zip(parts[1::2], parts[2::2], strict=True)}
