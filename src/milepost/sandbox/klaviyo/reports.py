"""Campaign and flow reports."""

from __future__ import annotations
from typing import Any
from milepost.sandbox.klaviyo.call import Call


def campaign_values(call: Call) -> dict[str, Any]:
    raise NotImplementedError


def flow_values(call: Call) -> dict[str, Any]:
    raise NotImplementedError


def flow_series(call: Call) -> dict[str, Any]:
    raise NotImplementedError
