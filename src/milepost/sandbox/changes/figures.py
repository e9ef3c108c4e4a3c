"""What a run of the simulator has done, counted; printing it belongs to the cli."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from milepost.sandbox.changes.rows import ADDRESSES, CUSTOMERS, Verb

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from milepost.sandbox.changes.rows import RowChange


@dataclass(frozen=True, slots=True)
class ChangeFigures:
    """Committed rows by table, and how they came: a change is one business event and touches one row or several."""

    inserts: Mapping[str, int]
    updates: Mapping[str, int]
    deletes: Mapping[str, int]
    changes: int
    transactions: int
    conflicts: int
    """Transactions rolled back because another writer was at the same rows; none of theirs is counted above."""
    seconds: float = field(compare=False)

    def as_dict(self) -> dict[str, object]:
        """The figures as one flat record for `--json`."""
        rows = {
            f"{table}_{name}": counts[table]
            for name, counts in (("inserts", self.inserts), ("updates", self.updates), ("deletes", self.deletes))
            for table in (CUSTOMERS, ADDRESSES)
        }
        totals = {"changes": self.changes, "transactions": self.transactions, "conflicts": self.conflicts}
        return {**rows, **totals, "seconds": round(self.seconds, 3)}


@dataclass(slots=True)
class Tally:
    """The running count behind the figures."""

    changes: int = 0
    transactions: int = 0
    conflicts: int = 0
    _rows: Counter[tuple[Verb, str]] = field(default_factory=Counter)

    def committed(self, changes: int, rows: Iterable[RowChange]) -> None:
        """One transaction more."""
        self.changes += changes
        self.transactions += 1
        self._rows.update((row.verb, row.table) for row in rows)

    def figures(self, seconds: float) -> ChangeFigures:
        """The count so far."""
        by_verb = {verb: {table: self._rows[verb, table] for table in (CUSTOMERS, ADDRESSES)} for verb in Verb}
        return ChangeFigures(
            inserts=by_verb[Verb.INSERT],
            updates=by_verb[Verb.UPDATE],
            deletes=by_verb[Verb.DELETE],
            changes=self.changes,
            transactions=self.transactions,
            conflicts=self.conflicts,
            seconds=seconds,
        )
