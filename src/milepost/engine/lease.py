"""Holding a lease while work goes on: a thread renews it, and whoever commits asks first whether it is still ours."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from milepost.batch import Pipeline
from milepost.engine.runtime import Runtime
from milepost.errors import MilepostError


@dataclass(slots=True)
class HeldLease:
    """A lease in our hands."""

    failure: MilepostError | None = field(default=None)

    def check(self) -> None:
        """Raise LeaseLost (or why it could not be renewed) if the lease is not ours any more."""
        if self.failure is not None:
            raise self.failure


@contextmanager
def held(runtime: Runtime, pipeline: Pipeline) -> Iterator[HeldLease]:
    """Hold the pipeline's lease. Raises LeaseHeld where another process works on it."""
    name = f"pipeline {pipeline}"
    token = runtime.leases.take(name, runtime.owner, runtime.clock.now(), runtime.lease_seconds)
    lease, done = HeldLease(), threading.Event()

    def keep() -> None:
        while not done.wait(runtime.lease_seconds / 4):
            try:
                runtime.leases.renew(name, token, runtime.clock.now(), runtime.lease_seconds)
            except MilepostError as exc:
                lease.failure = exc  # raised in the working thread by check()
                return

    keeper = threading.Thread(target=keep, name="lease", daemon=True)
    keeper.start()
    try:
        yield lease
    finally:
        done.set()
        keeper.join()
        runtime.leases.release(name, token)
