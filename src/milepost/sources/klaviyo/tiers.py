"""What Klaviyo permits on each endpoint, as data (contracts/klaviyo.md 1.3, 1.4); how it is kept is in `limits`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Limit:
    """Requests in a second, in a minute and in a UTC day, for one account on one endpoint; `daily` None has no cap."""

    burst: int
    steady: int
    daily: int | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation: what limits are kept for. `{id}` stands where an id does. `scope` is what the key must have."""

    method: str
    path: str
    tier: str
    scope: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


TIERS: Mapping[str, Limit] = MappingProxyType(
    {
        "XS": Limit(1, 15),
        "S": Limit(3, 60),
        "M": Limit(10, 150),
        "L": Limit(75, 750),
        "XL": Limit(350, 3500),
        "report": Limit(1, 2, 225),
    }
)

ACCOUNTS = Endpoint("GET", "/api/accounts", "XS", "accounts:read")
METRICS = Endpoint("GET", "/api/metrics", "M", "metrics:read")
MAPPED_METRICS = Endpoint("GET", "/api/mapped-metrics", "S", "metrics:read")
CAMPAIGNS = Endpoint("GET", "/api/campaigns", "M", "campaigns:read")
FLOWS = Endpoint("GET", "/api/flows", "S", "flows:read")
FLOW_ACTIONS = Endpoint("GET", "/api/flows/{id}/flow-actions", "S", "flows:read")
FLOW_MESSAGES = Endpoint("GET", "/api/flow-actions/{id}/flow-messages", "S", "flows:read")
LISTS = Endpoint("GET", "/api/lists", "L", "lists:read")
SEGMENTS = Endpoint("GET", "/api/segments", "L", "segments:read")
TAGS = Endpoint("GET", "/api/tags", "S", "tags:read")
PROFILES = Endpoint("GET", "/api/profiles", "L", "profiles:read")
EVENTS = Endpoint("GET", "/api/events", "XL", "events:read")
AGGREGATES = Endpoint("POST", "/api/metric-aggregates", "S", "metrics:read")
CAMPAIGN_VALUES = Endpoint("POST", "/api/campaign-values-reports", "report", "campaigns:read")
FLOW_VALUES = Endpoint("POST", "/api/flow-values-reports", "report", "flows:read")
FLOW_SERIES = Endpoint("POST", "/api/flow-series-reports", "report", "flows:read")
