"""A batch: the numbered unit in which a datastore's rows reach a platform; its states and their legal transitions.

The drawing of the states is in docs/batch-states.md; a test compares it to the table below.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import Enum
from types import MappingProxyType

from milepost.errors import IllegalTransition


class BatchState(Enum):
    """Where a batch is. Only COMMITTED is final; a FAILED or HELD one is tried again under the same number."""

    STARTED = "started"
    STAGED = "staged"
    HELD = "held"
    COMMITTED = "committed"
    FAILED = "failed"


# STARTED → STARTED is a new attempt after a crash: staging of a dead attempt is worthless and read again. FAILED →
# COMMITTED is the store's word against ours: an error came after its commit.
TRANSITIONS = MappingProxyType(
    {
        BatchState.STARTED: frozenset({BatchState.STARTED, BatchState.STAGED, BatchState.HELD, BatchState.FAILED}),
        BatchState.STAGED: frozenset({BatchState.STARTED, BatchState.COMMITTED, BatchState.HELD, BatchState.FAILED}),
        BatchState.HELD: frozenset({BatchState.STARTED}),
        BatchState.FAILED: frozenset({BatchState.STARTED, BatchState.COMMITTED}),
        BatchState.COMMITTED: frozenset(),
    }
)


def check_transition(before: BatchState, after: BatchState, what: str) -> None:
    """Raise IllegalTransition unless the table allows it; `what` names the batch."""
    if after not in TRANSITIONS[before]:
        legal = ", ".join(sorted(s.value for s in TRANSITIONS[before])) or "nothing: it is final"
        raise IllegalTransition(f"{what} is {before.value} and cannot become {after.value} (legal: {legal})")


@dataclass(frozen=True, slots=True, order=True)
class Pipeline:
    """One datastore read into one platform: the unit that is leased and whose batches are numbered."""

    platform: str
    datastore: str

    def __str__(self) -> str:
        return f"{self.platform}/{self.datastore}"


@dataclass(frozen=True, slots=True)
class Figures:
    """Rows of one batch (or one dataset in it) by what became of them, and bytes read from the source.

    read = inserted + updated + unchanged + duplicates + quarantined + (rows that carried a delete mark).
    """

    read: int = 0
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0
    duplicates: int = 0
    quarantined: int = 0
    bytes: int = 0

    def __add__(self, other: Figures) -> Figures:
        return Figures(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What a finished batch did: figures per dataset, seconds to `read` and to `merge`, schema changes."""

    pipeline: Pipeline
    number: int
    state: BatchState
    datasets: dict[str, Figures] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    schema_changes: tuple[str, ...] = ()

    @property
    def total(self) -> Figures:
        """The figures of all datasets together."""
        return sum(self.datasets.values(), Figures())
