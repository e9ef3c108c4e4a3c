"""The sandbox's virtual clock: it runs as the real one does, from any starting instant, and can be moved ahead."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from milepost.clock import Clock, SystemClock


@dataclass(slots=True)
class VirtualClock:
    """`start=None` begins at the real time."""

    start: datetime | None = None
    base: Clock = field(default_factory=SystemClock)
    ahead: float = 0.0
    _origin: float = field(init=False)
    _zero: float = field(init=False)

    def __post_init__(self) -> None:
        self._zero = self.base.monotonic()
        self._origin = (self.start or self.base.now()).timestamp()

    def seconds(self) -> float:
        """The epoch second it is."""
        return self._origin + self.base.monotonic() - self._zero + self.ahead

    def advance(self, seconds: float) -> None:
        """Move ahead at once."""
        self.ahead += seconds
