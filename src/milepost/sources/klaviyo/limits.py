"""Keeps an account's requests inside Klaviyo's windows, and fills them; it sends nothing.

Klaviyo counts in fixed windows of a second and of a minute, whose phase we do not know at first. A request counts
somewhere between our sending it and its answer. So a slot is free again only one window length after the *answer*: then
no fixed window, whatever its phase, can hold too many. Once answers have told when the minute ends, minutes are counted as
Klaviyo counts them, which gives back what the unknown phase cost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from threading import Event, Lock

from milepost.clock import Clock
from milepost.engine.retry import pause
from milepost.errors import SourceThrottled
from milepost.ports import DailyCounter
from milepost.sources.klaviyo.phase import MINUTE, Phase
from milepost.sources.klaviyo.tiers import TIERS, Endpoint, Limit

_SECOND = 1.0
_TICK = 0.001  # a full window is never free at once, whatever rounding says
_POLL = 0.02  # all slots are in flight: look again this soon


@dataclass(slots=True)
class Gate:
    """The windows of one endpoint of one account; every method is called under the limiter's lock."""

    limit: Limit
    in_flight: int = 0
    second: deque[float] = field(default_factory=deque)  # when the answers of the last second came
    minute: deque[float] = field(default_factory=deque)
    phase: Phase = field(default_factory=Phase)
    frozen_until: float = 0.0

    def delay(self, now: float) -> float:
        """Seconds until a request may be sent; 0 for now."""
        _drop(self.second, now - _SECOND)
        _drop(self.minute, now - MINUTE)
        waits = [self.frozen_until - now, self._full(self.second, self.limit.burst, _SECOND, now)]
        if self.phase.known:
            self.phase.roll(now, self.in_flight, self.minute)
            waits.append(self.phase.delay(now, self.limit.steady))
        else:
            waits.append(self._full(self.minute, self.limit.steady, MINUTE, now))
        return max(0.0, *waits)

    def _full(self, answered: deque[float], most: int, length: float, now: float) -> float:
        if self.in_flight + len(answered) < most:
            return 0.0
        return max(answered[0] + length - now, _TICK) if answered else _POLL

    def sent(self) -> None:
        """A request leaves."""
        self.in_flight += 1
        self.phase.used += 1

    def answered(self, sent: float, now: float, headers: Mapping[str, str]) -> None:
        """Its answer came, or it failed: from now on it surely was counted. Learn from what Klaviyo says of the minute."""
        self.in_flight -= 1
        self.second.append(now)
        self.minute.append(now)
        remaining, reset = _whole(headers.get("ratelimit-remaining")), _whole(headers.get("ratelimit-reset"))
        if remaining is None or reset is None:
            return
        told = _whole(headers.get("ratelimit-limit"))
        if told is not None and 0 < told < self.limit.steady:
            self.limit = Limit(min(self.limit.burst, told), told, self.limit.daily)
        self.phase.learn(sent, now, reset)
        if self.phase.known:
            self.phase.roll(now, self.in_flight, self.minute)
            self.phase.used = max(self.phase.used, self.limit.steady - remaining + self.in_flight)


class Limiter:
    """All endpoints of one account. Thread-safe; requests of one endpoint leave in the order in which they asked.

    `reserve` is the share of a daily allowance that is left to others. `limits` replaces tiers by name.
    """

    def __init__(
        self,
        account: str,
        clock: Clock,
        counter: DailyCounter,
        limits: Mapping[str, Limit] = TIERS,
        *,
        reserve: float = 0.25,
        stop: Event | None = None,
    ) -> None:
        self._account, self._clock, self._counter = account, clock, counter
        self._limits, self._reserve, self._stop = {**TIERS, **limits}, reserve, stop
        self._lock = Lock()
        self._gates: dict[Endpoint, Gate] = {}
        self._queues: dict[Endpoint, deque[Event]] = {}

    def acquire(self, endpoint: Endpoint) -> float:
        """Wait for a slot and take it; returns when, for `release`. Raises SourceThrottled where the day is used up, Stopped."""
        turn = Event()
        with self._lock:
            queue = self._queues.setdefault(endpoint, deque())
            queue.append(turn)
            if queue[0] is turn:
                turn.set()
        try:
            turn.wait()
            return self._take(endpoint)
        finally:
            with self._lock:
                queue.remove(turn)
                if queue:
                    queue[0].set()

    def _take(self, endpoint: Endpoint) -> float:
        while True:
            with self._lock:
                gate = self._gates.setdefault(endpoint, Gate(self._limits[endpoint.tier]))
                now = self._clock.monotonic()
                wait = gate.delay(now)
                if wait <= 0:
                    self._spend(endpoint, gate.limit)
                    gate.sent()
                    return now
            pause(self._clock, wait, self._stop)

    def _spend(self, endpoint: Endpoint, limit: Limit) -> None:
        if limit.daily is None:
            return
        now = self._clock.now()
        allowed = int(limit.daily * (1 - self._reserve))
        spent = self._counter.spent(self._account, str(endpoint), now.date())
        if spent >= allowed:
            midnight = datetime.combine(now.date() + timedelta(days=1), time.min, UTC)
            raise SourceThrottled(
                f"{endpoint} of account {self._account}: {spent} requests today (allowed: {allowed} of {limit.daily}, the "
                "rest is kept in reserve)",
                retry_after=(midnight - now).total_seconds(),
                hint="try again after midnight UTC, or lower the reserve",
            )
        self._counter.spend(self._account, str(endpoint), now.date())

    def release(self, endpoint: Endpoint, sent: float, headers: Mapping[str, str]) -> None:
        """The request taken at `sent` was answered with these headers (lower case; empty where it failed)."""
        with self._lock:
            self._gates[endpoint].answered(sent, self._clock.monotonic(), headers)

    def freeze(self, endpoint: Endpoint, seconds: float) -> None:
        """Klaviyo said 429: nobody of this account asks that endpoint again before."""
        with self._lock:
            gate = self._gates.setdefault(endpoint, Gate(self._limits[endpoint.tier]))
            gate.frozen_until = max(gate.frozen_until, self._clock.monotonic() + seconds)


def _drop(times: deque[float], before: float) -> None:
    while times and times[0] <= before:
        times.popleft()


def _whole(text: str | None) -> int | None:
    """The leading number of a header such as `3500, 350;w=1`."""
    digits = (text or "").strip().split(",")[0].split(";")[0].strip()
    return int(digits) if digits.isdigit() else None
