"""Long sentences on a terminal: folded between words, under a hanging indent. Elsewhere a line stays a line."""

from __future__ import annotations

import shutil
import textwrap
from typing import TextIO

_NARROWEST = 40


def folded(text: str, stream: TextIO, indent: int) -> str:
    """The text for `stream`; on a terminal lines that do not fit go on below, `indent` columns in."""
    if not stream.isatty():
        return text
    width = max(shutil.get_terminal_size().columns, _NARROWEST)
    return "\n".join(_fold(line, width, indent) for line in text.splitlines())


def _fold(line: str, width: int, indent: int) -> str:
    lines = textwrap.wrap(
        line,
        width,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
        replace_whitespace=False,
    )
    return "\n".join(lines) if lines else line
