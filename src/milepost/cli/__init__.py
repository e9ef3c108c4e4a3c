"""The command line: parse, call, print. Rules of the engine, the merge or a source do not belong here."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command of `sys.argv` and end the process with its exit code."""
    from milepost.cli.app import run

    sys.exit(run(sys.argv[1:]))
