"""A fair lock between processes: many readers or one writer of a DuckDB file. Kernel locks, so a killed holder lets go.

Fairness: whoever wants the lock first takes the turnstile, waits for the lock behind it, and gives the turnstile back.
A waiting writer holds the turnstile, so readers that come later queue behind it and cannot starve it.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from milepost.clock import Clock
from milepost.errors import StoreBusy, StoreUnwritable

_FIRST_WAIT, _LONGEST_WAIT = 0.001, 0.02


@contextmanager
def file_lock(path: Path, clock: Clock, *, exclusive: bool, timeout: float, purpose: str) -> Iterator[None]:
    """Hold the lock beside `path`. Raises StoreBusy after `timeout` seconds, naming the holder and what it does."""
    deadline = clock.monotonic() + timeout
    with _opened(path.with_name(path.name + ".turn")) as turn, _opened(path.with_name(path.name + ".lock")) as lock:
        _wait(turn, fcntl.LOCK_EX, clock, deadline, signed=lock, path=path)
        try:
            _wait(lock, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH, clock, deadline, signed=lock, path=path)
            if exclusive:
                _sign(lock, purpose, clock)
        finally:
            fcntl.flock(turn, fcntl.LOCK_UN)
        yield


def _opened(path: Path) -> IO[str]:
    try:
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
    except OSError as exc:
        raise StoreUnwritable(
            f"cannot open {path}: {exc.strerror}", hint="check that the folder exists and that you may write to it"
        ) from exc


def _wait(wanted: IO[str], kind: int, clock: Clock, deadline: float, *, signed: IO[str], path: Path) -> None:
    pause = _FIRST_WAIT
    while True:
        try:
            fcntl.flock(wanted, kind | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            if clock.monotonic() >= deadline:
                raise StoreBusy(
                    f"the store {path} is in use by {_holder(signed)}",
                    hint="wait for it to finish, or raise MILEPOST_LOCK_TIMEOUT",
                ) from exc
            clock.sleep(pause)
            pause = min(pause * 2, _LONGEST_WAIT)
        else:
            return


def _sign(lock: IO[str], purpose: str, clock: Clock) -> None:
    lock.seek(0)
    lock.truncate()
    lock.write(json.dumps({"pid": os.getpid(), "purpose": purpose, "since": clock.now().isoformat()}))
    lock.flush()


def _holder(lock: IO[str]) -> str:
    lock.seek(0)
    try:
        found = json.loads(lock.read())
        return f"process {found['pid']} ({found['purpose']}, since {found['since']})"
    except (ValueError, KeyError):
        return "another process"
