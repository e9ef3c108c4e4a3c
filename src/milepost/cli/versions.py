"""The versions of a row as a story: when each was true, what it changed, where the row was away. Reading them is the store's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from milepost.milestoning import BATCH_IN, BATCH_OUT, OCCURRENCE, OPEN_BATCH, SYSTEM_COLUMNS, VALID_FROM, VALID_TO


@dataclass(frozen=True, slots=True)
class Change:
    """One cell: what it was, and what it is; `new` where there was no version to compare with."""

    column: str
    before: object
    after: object
    new: bool = False


@dataclass(frozen=True, slots=True)
class Version:
    """One version: true from batch and instant on, until those at which it was closed (None: still true)."""

    number: int
    since_batch: int
    since: object
    until_batch: int | None
    until: object
    away_before: bool
    changes: tuple[Change, ...]

    @property
    def is_open(self) -> bool:
        """Whether it is true now."""
        return self.until_batch is None


def story(rows: Sequence[Mapping[str, object]]) -> list[Version]:
    """The versions of `rows`, oldest first; a re-inserted row tells all its cells anew."""
    told: list[Version] = []
    before: Mapping[str, object] | None = None
    for number, row in enumerate(rows, 1):
        last = told[-1] if told else None
        away = last is not None and last.until_batch != row[BATCH_IN]
        until = row.get(BATCH_OUT, OPEN_BATCH)
        told.append(
            Version(
                number,
                int(str(row[BATCH_IN])),
                row[VALID_FROM],
                None if until == OPEN_BATCH else int(str(until)),
                row.get(VALID_TO),
                away,
                _changes(None if away else before, row),
            )
        )
        before = row
    return told


def _changes(before: Mapping[str, object] | None, row: Mapping[str, object]) -> tuple[Change, ...]:
    cells = {name: value for name, value in row.items() if name not in SYSTEM_COLUMNS or name == OCCURRENCE}
    if before is None:
        return tuple(Change(name, None, value, new=True) for name, value in cells.items())
    return tuple(
        Change(name, before.get(name), value) for name, value in cells.items() if _differs(before.get(name), value)
    )


def _differs(one: object, other: object) -> bool:
    """By type too: NULL, '' and 0 are three things, and so are 0.0 and -0.0."""
    return type(one) is not type(other) or repr(one) != repr(other)
