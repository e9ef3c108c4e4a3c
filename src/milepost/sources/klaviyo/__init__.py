"""The reader of a Klaviyo account: its catalogue, and its orders window by window; knows nothing of stores."""

from __future__ import annotations

from milepost.sources.klaviyo.account import Identity
from milepost.sources.klaviyo.planned import PlannedRequest
from milepost.sources.klaviyo.source import KlaviyoSource, Options
from milepost.sources.klaviyo.tiers import TIERS, Limit

__all__ = ["TIERS", "Identity", "KlaviyoSource", "Limit", "Options", "PlannedRequest"]
