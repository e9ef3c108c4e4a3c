"""The limiter against a server that counts in fixed windows: never one request too many, and hardly one too few."""

from __future__ import annotations

import heapq
import threading
import time
from datetime import UTC, datetime
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milepost.clock import ManualClock, SystemClock
from milepost.errors import SourceThrottled, Stopped
from milepost.sources.klaviyo import tiers
from milepost.sources.klaviyo.limits import Limiter
from milepost.sources.klaviyo.tiers import Endpoint, Limit

ENDPOINT = Endpoint("GET", "/api/things", "T", "things:read")


class Counter:
    """A DailyCounter in memory."""

    def __init__(self) -> None:
        self.days: dict[tuple, int] = {}

    def spent(self, account, endpoint, day):
        return self.days.get((account, endpoint, day), 0)

    def spend(self, account, endpoint, day, count=1):
        self.days[account, endpoint, day] = self.spent(account, endpoint, day) + count


class Server:
    """Klaviyo's counting: fixed windows of a second and a minute whose phase nobody tells."""

    def __init__(self, limit: Limit, phase: float) -> None:
        self.limit, self.phase = limit, phase
        self.counts: dict[tuple[float, int], int] = {}

    def count(self, at: float) -> dict[str, str] | None:
        """The headers of the answer, None for a 429."""
        full = []
        for length, most in ((1.0, self.limit.burst), (60.0, self.limit.steady)):
            window = (length, int((at + self.phase) // length))
            full.append(self.counts.get(window, 0) >= most)
        if any(full):
            return None
        for length in (1.0, 60.0):
            window = (length, int((at + self.phase) // length))
            self.counts[window] = self.counts.get(window, 0) + 1
        left = 60 - (at + self.phase) % 60
        used = self.counts[60.0, int((at + self.phase) // 60)]
        return {
            "ratelimit-limit": f"{self.limit.steady}, {self.limit.burst};w=1",
            "ratelimit-remaining": str(self.limit.steady - used),
            "ratelimit-reset": str(ceil(left)),
        }


def simulate(limit: Limit, phase: float, latency, workers: int, until: float) -> tuple[int, int]:
    """Requests served and refused while `workers` ask as fast as they may; time is simulated."""
    clock, server = ManualClock(), Server(limit, phase)
    limiter = Limiter("a", clock, Counter(), {"T": limit})
    answers: list[tuple[float, int, float, float]] = []  # answered at, order, sent, counted at
    served = refused = number = 0
    gate_full = 0.0
    while clock.monotonic() < until:
        gate = limiter._gates.get(ENDPOINT)
        gate_full = gate.delay(clock.monotonic()) if gate else 0.0
        if len(answers) < workers and gate_full <= 0:
            sent = limiter.acquire(ENDPOINT)
            trip = latency(number)
            number += 1
            heapq.heappush(answers, (sent + trip, number, sent, sent + trip * 0.6))
            continue
        if answers and (len(answers) >= workers or answers[0][0] <= clock.monotonic() + gate_full):
            done, _, sent, counted = heapq.heappop(answers)
            clock.sleep(max(0.0, done - clock.monotonic()))
            headers = server.count(counted)
            served, refused = served + (headers is not None), refused + (headers is None)
            limiter.release(ENDPOINT, sent, headers or {})
        else:
            clock.sleep(gate_full)
    return served, refused


@settings(max_examples=30, deadline=None)
@given(
    phase=st.floats(0, 60),
    trips=st.lists(st.floats(0.01, 1.5), min_size=1, max_size=7),
    limit=st.sampled_from([Limit(1, 2), Limit(3, 60), Limit(10, 150)]),
    workers=st.integers(1, 12),
)
def test_no_fixed_window_ever_holds_too_many(phase, trips, limit, workers):
    # Answers are counted in the order in which they come back, up to 1.5 s after they were sent.
    _, refused = simulate(limit, phase, lambda n: trips[n % len(trips)], workers, 200)
    assert refused == 0


@pytest.mark.parametrize("limit", [tiers.TIERS["S"], tiers.TIERS["M"], tiers.TIERS["L"]])
def test_at_the_limit_nine_tenths_of_what_is_permitted_are_used(limit):
    minutes = 5
    served, refused = simulate(limit, 17.3, lambda _: 0.2, 32, minutes * 60)
    assert refused == 0
    assert served >= 0.9 * limit.steady * minutes


def test_a_known_phase_gives_back_the_rest_of_the_minute():
    # 20 s before the minute ends all 60 go out; a new minute begins then, not 60 s after the first request.
    limit = tiers.TIERS["S"]
    served, refused = simulate(limit, 40.0, lambda _: 0.05, 8, 50)
    assert refused == 0
    assert served > limit.steady


def test_requests_of_others_are_seen_in_the_headers():
    clock = ManualClock()
    limiter = Limiter("a", clock, Counter(), {"T": Limit(10, 150)})
    sent = limiter.acquire(ENDPOINT)
    limiter.release(ENDPOINT, sent, {"ratelimit-limit": "150", "ratelimit-remaining": "1", "ratelimit-reset": "30"})
    limiter.release(ENDPOINT, limiter.acquire(ENDPOINT), {})
    assert clock.monotonic() == 0
    limiter.acquire(ENDPOINT)
    assert 29 <= clock.monotonic() <= 32


def test_a_lower_limit_than_published_is_learned():
    clock = ManualClock()
    limiter = Limiter("a", clock, Counter(), {"T": Limit(10, 150)})
    limiter.release(
        ENDPOINT,
        limiter.acquire(ENDPOINT),
        {"ratelimit-limit": "2", "ratelimit-remaining": "1", "ratelimit-reset": "60"},
    )
    limiter.release(ENDPOINT, limiter.acquire(ENDPOINT), {})
    limiter.acquire(ENDPOINT)
    assert clock.monotonic() >= 59


def test_a_freeze_holds_every_thread_of_the_account():
    clock = ManualClock()
    limiter = Limiter("a", clock, Counter(), {"T": Limit(10, 150)})
    limiter.freeze(ENDPOINT, 7)
    limiter.acquire(ENDPOINT)
    assert clock.monotonic() == pytest.approx(7)


def test_other_endpoints_have_their_own_windows():
    clock = ManualClock()
    limiter = Limiter("a", clock, Counter())
    limiter.freeze(tiers.EVENTS, 7)
    limiter.acquire(tiers.FLOWS)
    assert clock.monotonic() == 0


def test_the_daily_allowance_keeps_a_reserve_and_outlives_the_process():
    clock, counter = ManualClock(datetime(2026, 5, 1, 20, tzinfo=UTC)), Counter()
    limits = {"T": Limit(100, 100, 8)}
    for _ in range(3):
        Limiter("a", clock, counter, limits).acquire(ENDPOINT)
    limiter = Limiter("a", clock, counter, limits)
    for _ in range(3):
        limiter.acquire(ENDPOINT)
    with pytest.raises(SourceThrottled, match=r"6 requests today \(allowed: 6 of 8") as caught:
        limiter.acquire(ENDPOINT)
    assert caught.value.retry_after == 4 * 3600
    Limiter("a", clock, counter, limits, reserve=0).acquire(ENDPOINT)


def test_threads_leave_in_the_order_in_which_they_came():
    limiter = Limiter("a", SystemClock(), Counter(), {"T": Limit(1000, 100_000)})
    limiter.freeze(ENDPOINT, 2.0)  # long enough for eight threads to queue, however busy the machine is
    order: list[int] = []
    threads = []
    for number in range(8):
        thread = threading.Thread(target=lambda n=number: (limiter.acquire(ENDPOINT), order.append(n)))
        thread.start()
        threads.append(thread)
        deadline = time.monotonic() + 1.9
        while len(limiter._queues.get(ENDPOINT, ())) <= number and time.monotonic() < deadline:
            time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert order == sorted(order)


def test_a_person_who_stops_the_work_does_not_wait_for_the_window():
    stop = threading.Event()
    limiter = Limiter("a", ManualClock(), Counter(), stop=stop)
    limiter.freeze(tiers.EVENTS, 3600)
    stop.set()
    with pytest.raises(Stopped):
        limiter.acquire(tiers.EVENTS)
