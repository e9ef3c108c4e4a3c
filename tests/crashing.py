"""Failures at a chosen step: every statement of a store's batch and every call of the control store burns one fuse."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from milepost.batch import Pipeline
from milepost.engine.runtime import Runtime

DEAD_OWNER = f"{socket.gethostname()}:999999999:1"  # a process that is not there: its lease may be taken over


class Crash(Exception):  # it is not an error of ours
    """The injected failure."""


@dataclass
class Fuse:
    """Raises Crash at step `at`, counted from 0 or named by its text, such as COMMIT; with `deadly`, at every later step too, as if the process were gone.

    With `after`, the step is done first: its effect stands, but its answer is lost.
    """

    at: int | str = -1
    deadly: bool = False
    after: bool = False
    steps: int = 0
    blown: bool = False

    def burn(self, call, *args, **kwargs):
        here, self.steps = self.at in (self.steps, *args[:1]), self.steps + 1
        if self.blown and self.deadly:
            raise Crash(f"after step {self.at}")
        if not here:
            return call(*args, **kwargs)
        self.blown = True
        if self.after:
            call(*args, **kwargs)
        raise Crash(f"at step {self.at}")


class Fused:
    """Anything, with every call of `names` (all where none is given) burning the fuse."""

    def __init__(self, wrapped: object, fuse: Fuse, *names: str) -> None:
        self._wrapped, self._fuse, self._names = wrapped, fuse, names

    def __getattr__(self, name: str):
        found = getattr(self._wrapped, name)
        if not callable(found) or (self._names and name not in self._names):
            return found
        return lambda *args, **kwargs: self._fuse.burn(found, *args, **kwargs)


@dataclass
class FusedStore:
    """A store whose batches burn the fuse at every statement."""

    wrapped: object
    fuse: Fuse

    def __getattr__(self, name: str):
        return getattr(self.wrapped, name)

    @contextmanager
    def batch(self, pipeline: Pipeline) -> Iterator[object]:
        with self.wrapped.batch(pipeline) as batch:
            connection = Fused(batch.connection, self.fuse, "execute", "executemany")
            batch.connection = batch.staging.connection = connection
            yield batch


def fused(runtime: Runtime, fuse: Fuse) -> Runtime:
    """The same runtime, owned by a process that will be dead, failing where the fuse says."""
    return replace(
        runtime,
        store=FusedStore(runtime.store, fuse),
        batches=Fused(runtime.batches, fuse),
        leases=Fused(runtime.leases, fuse),
        owner=DEAD_OWNER,
    )
