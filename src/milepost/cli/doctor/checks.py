"""All checks, in the order in which a newcomer repairs things: what a check needs was looked at before it."""

from __future__ import annotations

from collections.abc import Iterator

from milepost.cli.call import Call
from milepost.cli.doctor import machine, outside
from milepost.cli.doctor.finding import Finding, State, examine
from milepost.cli.opened import opened
from milepost.errors import UsageFault


def every(call: Call) -> Iterator[Finding]:
    """Every finding, as soon as it is made; without settings or ecosystem there is nothing to look for outside."""
    yield from examine([("versions", machine.versions)])
    try:
        settings = call.settings
    except UsageFault as exc:
        yield Finding("settings", State.FAIL, exc.what, exc.hint)
        return
    yield Finding("settings", State.OK, "every variable can be used")
    folder = settings.home
    yield from examine([("home folder", lambda: machine.home(folder)), ("disk space", lambda: machine.disk(folder))])
    try:
        with opened(call) as wiring:
            yield from examine(outside.checks(wiring))
    except UsageFault as exc:
        yield Finding("ecosystem", State.FAIL, exc.what, exc.hint)
