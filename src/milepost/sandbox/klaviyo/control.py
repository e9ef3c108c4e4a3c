"""The routes under `/__sandbox__/`: what tests ask for and change while the look-alike runs."""

from __future__ import annotations

from typing import Any

import numpy as np

from milepost.sandbox.klaviyo.app import Server
from milepost.sandbox.klaviyo.faults import FaultPlan
from milepost.sandbox.klaviyo.shade import View
from milepost.sandbox.klaviyo.truth import expected

Data = dict[str, Any]


def _stats(server: Server, data: Data) -> Data:
    del data
    stats = server.stats
    return {
        "requests": dict(stats.requests), "throttled": dict(stats.throttled), "faults": dict(stats.faults),
        "statuses": dict(stats.statuses), "now": server.clock.seconds(),
    }  # fmt: skip


def _reset_stats(server: Server, data: Data) -> Data:
    answer = _stats(server, data)
    server.stats = type(server.stats)()
    return answer


def _faults(server: Server, data: Data) -> Data:
    server.faults = FaultPlan.from_json(data)
    return server.faults.to_json()


def _advance(server: Server, data: Data) -> Data:
    server.clock.advance(float(data["seconds"]))
    return {"now": server.clock.seconds()}


def _release(server: Server, data: Data) -> Data:
    for slug, account in server.accounts.items():
        if data.get("slug") in (None, slug):
            account.released = True
    return {}


def _revoke(server: Server, data: Data) -> Data:
    server.accounts[data["slug"]].revoked = bool(data.get("revoked", True))
    return {}


def _reset_limits(server: Server, data: Data) -> Data:
    del data
    if server.limiter is not None:
        server.limiter.reset()
    return {}


def _delete(server: Server, data: Data) -> Data:
    account = server.accounts[data["slug"]]
    gone = 0
    for code in data["ids"]:
        if data["type"] != "event":
            gone += account.forget(data["type"], code)
            continue
        place = account.names.place(code)
        log = None if place is None else account.log(place[0])
        if place is not None and log is not None and place[1] < log.size:
            log.shade.delete(np.array([place[1]], dtype=np.int64))
            gone += 1
    return {"deleted": gone}


def _expected(server: Server, data: Data) -> Data:
    account = server.accounts[data["slug"]]
    view = View(int(server.clock.seconds()), account.released)
    return expected(account, view, everything=bool(data.get("everything")))


_VERBS = {
    "stats": _stats, "reset-stats": _reset_stats, "faults": _faults, "advance": _advance, "release": _release,
    "revoke": _revoke, "reset-limits": _reset_limits, "delete": _delete, "expected": _expected,
}  # fmt: skip


def control(server: Server, method: str, verb: str, data: Data) -> Data:
    """Answer a control request. Raises LookupError for an unknown verb, account or key."""
    if verb not in _VERBS:
        raise LookupError(f"{method} {verb} (expected one of {', '.join(_VERBS)})")
    return _VERBS[verb](server, data)
