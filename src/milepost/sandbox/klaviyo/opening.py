"""Turns a configuration into a server with its accounts open."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from milepost.sandbox.klaviyo.account import open_account
from milepost.sandbox.klaviyo.app import Server
from milepost.sandbox.klaviyo.control import control
from milepost.sandbox.klaviyo.faults import FaultPlan
from milepost.sandbox.klaviyo.limits import Limiter
from milepost.sandbox.klaviyo.moment import VirtualClock
from milepost.sandbox.shop.spec import AccountSpec


def open_server(config: dict[str, Any]) -> Server:
    """The server of a configuration. Raises ValueError when accounts share a slug or a key."""
    specs = [AccountSpec.from_json(a) for a in config["accounts"]]
    for name in ("slug", "key"):
        if len({getattr(s, name) for s in specs}) != len(specs):
            raise ValueError(f"accounts: {name} used twice (expected one of its own per account)")
    clock = VirtualClock(datetime.fromisoformat(config["now"]) if config["now"] else None)
    accounts = {s.slug: open_account(s, Path(config["cache"])) for s in specs}
    limiter = Limiter(clock.seconds) if config["limits"] == "published" else None
    return Server(accounts, clock, limiter, FaultPlan.from_json(config["faults"]), control)
