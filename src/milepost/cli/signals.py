"""Ctrl+C and SIGTERM: the first asks for a clean stop, the second ends at once. What is cleaned up is the engine's."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

EXIT_STOPPED = 130
_STANDARD_ERROR = 2


@contextmanager
def clean_stop(resume: str, *, silent: bool = False) -> Iterator[threading.Event]:
    """An event that the first Ctrl+C or SIGTERM sets; `resume` is the command that goes on, and is told to the person.

    A second one ends the process at once, with exit code 130: whatever was committed is kept.
    """
    stop = threading.Event()

    def handle(_: int, __: FrameType | None) -> None:
        if stop.is_set():
            _tell("\nended at once; everything committed is kept\n", silent=silent)
            os._exit(EXIT_STOPPED)
        stop.set()
        _tell(f"\nstopping cleanly … (Ctrl+C again ends at once)\nto go on later: {resume}\n", silent=silent)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell(text: str, *, silent: bool) -> None:
    if not silent:  # os.write: a handler may interrupt a print, and Python's own buffer cannot be entered twice
        os.write(_STANDARD_ERROR, text.encode())
