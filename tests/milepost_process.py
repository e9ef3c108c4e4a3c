"""Runs the real command in a process of its own, as a person or a script would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = Path(sys.executable).with_name("milepost")


@dataclass(frozen=True, slots=True)
class Ran:
    """What it printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        """The error that `--json` printed: the last line of standard error."""
        return json.loads(self.err.splitlines()[-1])


def clean_environment(**more: str) -> dict[str, str]:
    """Our environment without colours, of a fixed width, with what the test adds."""
    kept = {name: value for name, value in os.environ.items() if name not in {"FORCE_COLOR", "CLICOLOR_FORCE"}}
    return {**kept, "NO_COLOR": "1", "COLUMNS": "100", "PYTHONWARNINGS": "error", **more}


def milepost(*arguments: str | Path, cwd: Path, stdin: str = "", timeout: float = 120, **environment: str) -> Ran:
    """Run `milepost` with the arguments in folder `cwd`."""
    done = subprocess.run(
        [str(PROGRAM), *map(str, arguments)],
        cwd=cwd,
        env=clean_environment(**environment),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)
