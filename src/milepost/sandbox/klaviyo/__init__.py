"""A look-alike of Klaviyo's API on loopback: same protocol, limits and quirks, over generated shops."""

from __future__ import annotations

from milepost.sandbox.klaviyo.faults import FaultPlan, FaultRule
from milepost.sandbox.klaviyo.serve import Sandbox, run
from milepost.sandbox.klaviyo.truth import Expected
from milepost.sandbox.shop.spec import AccountSpec

__all__ = ["AccountSpec", "Expected", "FaultPlan", "FaultRule", "Sandbox", "run"]
