"""Where Klaviyo's fixed minute stands on our clock, learned from its answers; how many requests may leave is in `limits`."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

MINUTE = 60.0
_ROUNDING = 1.0  # RateLimit-Reset is in whole seconds, rounded in a way that is not documented


@dataclass(slots=True)
class Phase:
    """The present minute ends at some instant in `[earliest, latest]`; `used` of its requests are ours or others'."""

    earliest: float = 0.0
    latest: float = -1.0
    used: int = 0

    @property
    def known(self) -> bool:
        """Whether anything was learned that holds together."""
        return self.earliest <= self.latest

    def learn(self, sent: float, answered: float, reset: int) -> None:
        """An answer counted between `sent` and `answered` said that the minute ends in `reset` seconds."""
        earliest, latest = sent + reset - _ROUNDING, answered + reset + _ROUNDING
        if not self.known:
            self.earliest, self.latest, self.used = earliest, latest, 0
            return
        shift = round(((earliest + latest) - (self.earliest + self.latest)) / 2 / MINUTE) * MINUTE
        low, high = max(self.earliest, earliest - shift), min(self.latest, latest - shift)
        if low > high:
            self.forget()
        else:
            self.earliest, self.latest = low, high

    def forget(self) -> None:
        """The answers contradict each other: no fixed minute, or another clock."""
        self.earliest, self.latest = 0.0, -1.0

    def roll(self, now: float, in_flight: int, answered: deque[float]) -> None:
        """Begin the next minute if this one is surely over. What may have been counted in both is counted in both."""
        while self.known and now > self.latest:
            self.used = in_flight + _since(answered, self.earliest)
            self.earliest += MINUTE
            self.latest += MINUTE

    def delay(self, now: float, most: int) -> float:
        """Seconds until a request may leave: the minute must have room, and its end must not be about to come."""
        if self.used >= most or now >= self.earliest:
            return max(self.latest - now, 0.0) + 0.001
        return 0.0


def _since(times: deque[float], start: float) -> int:
    count = 0
    for moment in reversed(times):
        if moment < start:
            break
        count += 1
    return count
