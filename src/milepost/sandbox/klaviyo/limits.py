"""Fixed windows per account and endpoint: burst (1 s), steady (1 min) and daily; two or three counters, no queue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil

from milepost.sandbox.klaviyo.errors import Refusal, throttled


@dataclass(frozen=True, slots=True)
class Tier:
    """How many requests a window takes; `day` 0 means no daily cap."""

    burst: int
    steady: int
    day: int = 0


XS, S, M = Tier(1, 15), Tier(3, 60), Tier(10, 150)
L, XL, REPORT = Tier(75, 750), Tier(350, 3500), Tier(1, 2, 225)
L_BEFORE_2026 = Tier(75, 700)

_SECOND, _MINUTE, _DAY = 1, 60, 86_400


@dataclass(slots=True)
class _Count:
    window: int = -1
    used: int = 0


@dataclass(slots=True)
class Limiter:
    """Counts requests on the clock it is given (seconds). Refused requests are not counted."""

    clock: Callable[[], float]
    counts: dict[tuple[str, str], tuple[_Count, _Count, _Count]] = field(default_factory=dict)

    def admit(self, account: str, endpoint: str, tier: Tier) -> dict[str, str]:
        """Count one request; answers the RateLimit headers. Raises a 429 refusal when a window is full."""
        now = self.clock()
        counts = self.counts.get((account, endpoint))
        if counts is None:
            counts = self.counts[account, endpoint] = (_Count(), _Count(), _Count())
        for count, length, most in zip(
            counts, (_SECOND, _MINUTE, _DAY), (tier.burst, tier.steady, tier.day), strict=True
        ):
            window = int(now // length)
            if count.window != window:
                count.window, count.used = window, 0
            if most and count.used >= most:
                raise _full(now, length)
        for count in counts:
            count.used += 1
        left = tier.steady - counts[1].used
        return {
            "RateLimit-Limit": f"{tier.steady}, {tier.burst};w=1, {tier.steady};w=60",
            "RateLimit-Remaining": str(left),
            "RateLimit-Reset": str(ceil(_MINUTE - now % _MINUTE)),
        }

    def reset(self) -> None:
        """Forget all counts."""
        self.counts.clear()


def _full(now: float, length: int) -> Refusal:
    left = length - now % length
    return throttled(round(left) if length == _SECOND else ceil(left))
