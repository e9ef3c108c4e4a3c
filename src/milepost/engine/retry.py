"""Trying again: the one loop that reads an error's disposition. What to try, and how often at most, is the caller's."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import TypeVar

from milepost.clock import Clock
from milepost.errors import Disposition, MilepostError, Stopped

T = TypeVar("T")
_TICK = 0.5  # how long a person who stops the work may have to wait, in seconds


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to go on. `attempts` includes the first; waits are in seconds and double from `base` up to `cap`.

    At a failure rate of 30 % twelve attempts fail together once in two million calls. An error that says how long to
    wait is obeyed up to `longest`; beyond that it is raised, because a person should know.
    """

    attempts: int = 12
    base: float = 0.25
    cap: float = 20.0
    longest: float = 300.0


def retry(
    call: Callable[[], T],
    clock: Clock,
    patience: Patience = Patience(),
    *,
    stop: Event | None = None,
    jitter: Callable[[], float] = random.random,
) -> T:
    """What `call` returns, tried again while its error's disposition is RETRY; other errors pass at once.

    Waits are half fixed and half drawn, so that callers that failed together do not come back together.
    Raises: the last error, or Stopped when `stop` is set.
    """
    for attempt in range(1, patience.attempts + 1):
        if stop is not None and stop.is_set():
            raise Stopped("the work was stopped while a request was being tried")
        try:
            return call()
        except MilepostError as error:
            wait = _wait(error, attempt, patience, jitter())
            if wait is None:
                raise
        pause(clock, wait, stop)
    raise AssertionError("unreachable: the last attempt returns or raises")


def _wait(error: MilepostError, attempt: int, patience: Patience, draw: float) -> float | None:
    """Seconds until the next attempt, None where there is none."""
    if error.disposition is not Disposition.RETRY or attempt >= patience.attempts:
        return None
    backoff = min(patience.cap, patience.base * 2.0 ** (attempt - 1)) * (0.5 + draw / 2)
    asked = getattr(error, "retry_after", None)
    if asked is None:
        return backoff
    return None if asked > patience.longest else max(float(asked), 0.05) + draw * patience.base


def pause(clock: Clock, seconds: float, stop: Event | None = None) -> None:
    """Wait, looking every half second whether the work was stopped. Raises Stopped."""
    until = clock.monotonic() + seconds
    while (left := until - clock.monotonic()) > 0:
        if stop is not None and stop.is_set():
            raise Stopped("the work was stopped while waiting")
        clock.sleep(min(left, _TICK) if stop is not None else left)
