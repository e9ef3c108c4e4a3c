"""What every command is told alike: output form, colours, log level, home folder. Verbs' own options do not belong here."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from milepost.cli.console import Console

LOG_LEVELS = ("debug", "info", "warning", "error")


@dataclass(eq=False)
class Call:
    """One call of the command line; options fill it while they are parsed."""

    json: bool = False
    quiet: bool = False
    no_color: bool = False
    log_level: str = "warning"
    home: Path | None = None
    secrets: set[str] = field(default_factory=set)

    @property
    def color(self) -> bool:
        """Whether errors and hints may be coloured: a terminal, and nobody asked for none (https://no-color.org)."""
        return not self.no_color and not os.environ.get("NO_COLOR") and sys.stderr.isatty()

    @property
    def debug(self) -> bool:
        """Whether a traceback is wanted."""
        return self.log_level == "debug"

    def protect(self, *values: str) -> None:
        """Remember secrets: they never reach a log line, a message or a traceback."""
        self.secrets.update(value for value in values if len(value) >= _SHORTEST_SECRET)

    def redact(self, text: str) -> str:
        """The text without any secret that was given to `protect` (the longest first) and without a URL's password."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, _STARS)
        return _URL_PASSWORD.sub(rf"\1{_STARS}@", text)

    @cached_property
    def out(self) -> Console:
        """Where results and progress are printed."""
        from milepost.cli.console import Console

        return Console(self)


_SHORTEST_SECRET = 6  # replacing shorter ones would riddle every line with stars and hide nothing
_STARS = "***"
_URL_PASSWORD = re.compile(r"(://[^:/@\s]*:)[^@/\s]+@")
