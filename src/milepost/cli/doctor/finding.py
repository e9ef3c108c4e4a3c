"""What a check found, and how checks are run: an error becomes a finding. The checks themselves are beside this file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum

from milepost.errors import MilepostError


class State(Enum):
    """How a thing is: fine, worth a look, or in the way."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor: what was looked at, how it is, what was seen, what to do."""

    name: str
    state: State
    said: str
    todo: str = ""


Check = Callable[[], Iterator[Finding]]


def examine(checks: Sequence[tuple[str, Check]]) -> Iterator[Finding]:
    """Run the named checks side by side and give their findings in order; one that raises is a finding that fails."""
    if not checks:
        return
    with ThreadPoolExecutor(min(len(checks), _AT_ONCE), thread_name_prefix="doctor") as pool:
        for found in pool.map(_findings, checks):
            yield from found


def _findings(named: tuple[str, Check]) -> list[Finding]:
    name, check = named
    try:
        return list(check())
    except MilepostError as exc:
        return [Finding(name, State.FAIL, exc.what, exc.hint)]


_AT_ONCE = 8
