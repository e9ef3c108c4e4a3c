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
    from milepost.settings import Settings

LOG_LEVELS = ("debug", "info", "warning", "error")


@dataclass(eq=False)
class Call:
    """One call of the command line; options fill it while they are parsed."""

    json: bool = False
    quiet: bool = False
    no_color: bool = False
    log_level: str = "warning"
    log_level_given: bool = False
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
        self.secrets.update(values)

    def redact(self, text: str) -> str:
        """The text without any secret that was given to `protect`, and without the password of any URL."""
        from milepost.secrets import redact

        return redact(_URL_PASSWORD.sub(r"\1***@", text), self.secrets)

    @cached_property
    def settings(self) -> Settings:
        """The settings of the environment and `.env`, with --home; their secrets are protected, their log level is set.

        Raises: SettingsInvalid with every variable that is wrong.
        """
        from milepost.cli.logs import configure
        from milepost.secrets import EnvSecrets
        from milepost.settings import load

        settings = load()
        self.protect(*EnvSecrets(dict(settings.klaviyo_keys.items()), settings.environment).known_secrets())
        if not self.log_level_given and "MILEPOST_LOG_LEVEL" in settings.environment:
            self.log_level = settings.log_level.lower()
        configure(self, settings.log_format)
        return settings.model_copy(update={"home": self.home}) if self.home else settings

    @cached_property
    def out(self) -> Console:
        """Where results and progress are printed."""
        from milepost.cli.console import Console

        return Console(self)


_URL_PASSWORD = re.compile(r"(://[^:/@\s]*:)[^@/\s]+@")
