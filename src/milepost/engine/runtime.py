"""What every use-case works with: the ports, the clock, and who we are."""

from __future__ import annotations

from dataclasses import dataclass

from milepost.clock import Clock
from milepost.ports import BackfillLog, BatchLog, Leases, Store


@dataclass(frozen=True, slots=True)
class Runtime:
    """The outside, as the engine sees it. `owner` names this process in leases; `lease_seconds` is their length."""

    store: Store
    batches: BatchLog
    leases: Leases
    backfills: BackfillLog
    clock: Clock
    owner: str
    lease_seconds: float = 60.0
