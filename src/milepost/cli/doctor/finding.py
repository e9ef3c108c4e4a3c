"""What a check found, and how checks are run: an error becomes a finding. The checks themselves are beside this file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
    """Run the named checks one after the other; one that raises is a finding that fails."""
    for name, check in checks:
        try:
            yield from check()
        except MilepostError as exc:
            yield Finding(name, State.FAIL, exc.what, exc.hint)
