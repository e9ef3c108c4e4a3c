"""Where a command prints: results to standard output, narration and progress to standard error. Nothing is computed here."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, TextIO

from milepost.cli.call import Call
from milepost.cli.document import as_json

if TYPE_CHECKING:
    from rich.console import Console as RichConsole

    from milepost.cli.progress import Progress
    from milepost.cli.tables import Column

_UNFOLDED = 100_000  # the width of what is not a terminal: a line is a record and is never folded


class Console:
    """Prints one command's results, for a person or a machine."""

    def __init__(self, call: Call) -> None:
        self._call = call

    @property
    def json(self) -> bool:
        """Whether the result is to be one JSON document."""
        return self._call.json

    @property
    def silent(self) -> bool:
        """Whether nothing but results and errors is to be printed."""
        return self._call.json or self._call.quiet

    @cached_property
    def rich(self) -> RichConsole:
        """Standard output."""
        return _rich(self._call, sys.stdout)

    @cached_property
    def rich_error(self) -> RichConsole:
        """Standard error."""
        return _rich(self._call, sys.stderr)

    def document(self, document: object) -> None:
        """Print one JSON document."""
        sys.stdout.write(as_json(document) + "\n")

    def result(self, document: object, render: Callable[[], None]) -> None:
        """Print the outcome: the document with --json, else whatever `render` prints."""
        if self.json:
            self.document(document)
        else:
            render()

    def line(self, text: str = "", style: str = "") -> None:
        """A line of the result, on standard output."""
        self.rich.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    def say(self, text: str, style: str = "") -> None:
        """Tell what is going on, on standard error; nothing with --quiet or --json."""
        if not self.silent:
            self.rich_error.print(self._call.redact(text), style=style, markup=False, highlight=False, soft_wrap=True)

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
        """Print rows under columns, as wide as the terminal, unfolded elsewhere."""
        from milepost.cli.tables import render

        render(self.rich, columns, rows)

    @contextmanager
    def progress(self, title: str) -> Iterator[Progress]:
        """Progress on standard error: bars on a terminal, a line every few seconds elsewhere, nothing when silent."""
        from milepost.cli import progress

        made: Progress
        if self.silent:
            made = progress.Silent()
        elif self.rich_error.is_terminal:
            made = progress.Bars(title, self.rich_error)
        else:
            made = progress.Lines(title, self.say)
        with made:
            yield made


def _rich(call: Call, stream: TextIO) -> RichConsole:
    from rich.console import Console as RichConsole

    terminal = stream.isatty()
    return RichConsole(
        file=stream,
        no_color=call.no_color or None,
        force_terminal=terminal,
        width=None if terminal else _UNFOLDED,
        highlight=False,
        markup=False,
        emoji=False,
    )
