"""The endpoints as data: tier, scopes, page sizes, and what filter, sort, include and fields may name."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from milepost.sandbox.klaviyo.filters import RANGES, Allowed, Whitelist
from milepost.sandbox.klaviyo.limits import REPORT, XL, XS, L, M, S, Tier

CHANNELS = ("email", "sms", "mobile_push")
STATUSES = (
    "Adding Recipients", "Cancelled", "Cancelled: Account Disabled", "Cancelled: Billing Limit", "Cancelled: Internal Error",
    "Cancelled: Misconfigured", "Cancelled: No Recipients", "Cancelled: Smart Sending", "Draft", "Preparing to schedule",
    "Preparing to send", "Queued without Recipients", "Scheduled", "Sending", "Sending Segments", "Sent", "Unknown",
    "Variations Sent",
)  # fmt: skip
TRIGGERS = ("Added to List", "Date Based", "Low Inventory", "Metric", "Price Drop", "Unconfigured")

_WHEN = Allowed(RANGES, kind="date-time")
_WHEN_EQ = Allowed(("equals", *RANGES), kind="date-time")
_WHEN_GT = Allowed(("greater-than",), kind="date-time")
_WHEN_GT_LT = Allowed(("greater-than", "less-than"), kind="date-time")
_TEXT = Allowed(("contains", "ends-with", "equals", "starts-with"))
_EQUALS = Allowed(("equals",))
_ANY = Allowed(many=("any",))
_ANY_EQ = Allowed(many=("any", "equals"))
_ANY_EQ_BOTH = Allowed(("equals",), ("any", "equals"))
_FLAG = Allowed(("equals",), kind="boolean")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation. `path` holds `{id}` where an id stands; `page` is (default, largest) or None for one fixed page."""

    handler: str
    path: str
    tier: Tier
    scopes: tuple[str, ...]
    method: str = "GET"
    page: tuple[int, int] | None = None
    cursor: bool = False
    filters: Whitelist = field(default_factory=dict)
    sorts: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    additional: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """How statistics, limits and fault rules name it."""
        return f"{self.method} {self.path}"


_CAMPAIGN = Endpoint(
    "campaigns", "/api/campaigns", M, ("campaigns:read",), page=(100, 100), cursor=True,
    filters={
        "id": _ANY, "messages.channel": Allowed(("equals",), choices=CHANNELS), "name": Allowed(("contains",)),
        "status": Allowed(("equals",), ("any", "equals"), choices=STATUSES), "archived": _FLAG, "created_at": _WHEN,
        "scheduled_at": _WHEN, "updated_at": _WHEN,
    },
    sorts=("created_at", "id", "name", "scheduled_at", "updated_at"), includes=("campaign-messages", "tags"),
    fields=("campaign", "campaign-message", "tag"),
)  # fmt: skip
_OMNI = replace(
    _CAMPAIGN,
    filters={
        "id": _ANY, "name": Allowed(("contains",)), "archived": _FLAG, "builder": _EQUALS, "created_at": _WHEN,
        "updated_at": _WHEN,
    },
    sorts=("created_at", "id", "name", "updated_at"), includes=("campaign-audiences", "campaign-messages", "tags"),
    fields=("campaign", "campaign-audience", "campaign-message", "tag"),
)  # fmt: skip
_MESSAGES = Endpoint(
    "campaign_messages", "/api/campaign-messages", M, ("campaigns:read",), page=(20, 100), cursor=True,
    filters={
        "id": _ANY_EQ_BOTH, "campaign_id": _EQUALS, "name": Allowed(("contains",)), "status": _EQUALS, "created": _WHEN,
        "updated": _WHEN,
    },
    sorts=("created", "id", "name", "updated"), includes=("campaign", "campaign-variations"),
    fields=("campaign", "campaign-message", "campaign-variation"),
)  # fmt: skip
_GROUP = {"name": _ANY_EQ, "id": _ANY_EQ_BOTH, "created": _WHEN_GT, "updated": _WHEN_GT}
_MEMBER = {
    "email": _ANY_EQ, "phone_number": _ANY_EQ, "push_token": _ANY_EQ, "_kx": _EQUALS, "joined_group_at": _WHEN,
}  # fmt: skip
_SUPPRESSION = "subscriptions.email.marketing."
_PROFILE = {
    "id": _ANY_EQ_BOTH, "email": _ANY_EQ_BOTH, "phone_number": _ANY_EQ_BOTH, "external_id": _ANY_EQ_BOTH, "_kx": _EQUALS,
    "created": _WHEN_GT_LT, "updated": _WHEN_GT_LT,
    _SUPPRESSION + "list_suppressions.reason": _EQUALS, _SUPPRESSION + "list_suppressions.timestamp": _WHEN,
    _SUPPRESSION + "list_suppressions.list_id": _EQUALS, _SUPPRESSION + "suppression.reason": _EQUALS,
    _SUPPRESSION + "suppression.timestamp": _WHEN,
}  # fmt: skip
_PROFILE_MORE = ("subscriptions", "predictive_analytics")
_BASIC_SORTS = ("created", "id", "name", "updated")
_FLOW_FIELDS = ("flow", "flow-action", "tag")
_FLOWS = ("flows:read",)
_METRICS = ("metrics:read",)

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("accounts", "/api/accounts", XS, ("accounts:read",), fields=("account",)),
    _CAMPAIGN,
    replace(_CAMPAIGN, handler="campaign", path="/api/campaigns/{id}", page=None, cursor=False, filters={}, sorts=()),
    Endpoint(
        "messages_of_campaign", "/api/campaigns/{id}/campaign-messages", M, ("campaigns:read",),
        includes=("campaign", "image", "template"), fields=("campaign", "campaign-message", "image", "template"),
    ),
    Endpoint(
        "campaign_message", "/api/campaign-messages/{id}", M, ("campaigns:read",),
        includes=("campaign", "image", "template"), fields=("campaign", "campaign-message", "image", "template"),
    ),
    Endpoint("recipient_estimation", "/api/campaign-recipient-estimations/{id}", M, ("campaigns:read",)),
    Endpoint(
        "flows", "/api/flows", S, _FLOWS, page=(50, 50), cursor=True,
        filters={
            "id": _ANY, "name": _TEXT, "status": _EQUALS, "archived": _FLAG, "created": _WHEN_EQ, "updated": _WHEN_EQ,
            "trigger_type": Allowed(("equals",), choices=TRIGGERS),
        },
        sorts=("created", "id", "name", "status", "trigger_type", "updated"), includes=("flow-actions", "tags"),
        fields=_FLOW_FIELDS,
    ),
    Endpoint("flow", "/api/flows/{id}", S, _FLOWS, includes=("flow-actions", "tags"), fields=_FLOW_FIELDS, additional=("definition",)),
    Endpoint(
        "actions_of_flow", "/api/flows/{id}/flow-actions", S, _FLOWS, page=(50, 50), cursor=True,
        filters={
            "id": _ANY, "action_type": _ANY_EQ_BOTH, "status": _EQUALS, "created": _WHEN_EQ, "updated": _WHEN_EQ,
        },
        sorts=("action_type", "created", "id", "status", "updated"), fields=("flow-action",),
    ),
    Endpoint("flow_action", "/api/flow-actions/{id}", S, _FLOWS, includes=("flow", "flow-messages"), fields=("flow", "flow-action", "flow-message")),
    Endpoint(
        "messages_of_action", "/api/flow-actions/{id}/flow-messages", S, _FLOWS, page=(50, 50), cursor=True,
        filters={"id": _ANY, "name": _TEXT, "created": _WHEN_EQ, "updated": _WHEN_EQ}, sorts=_BASIC_SORTS,
        fields=("flow-message",),
    ),
    Endpoint("flow_message", "/api/flow-messages/{id}", S, _FLOWS, includes=("flow-action", "template"), fields=("flow-action", "flow-message", "template")),
    Endpoint(
        "metrics", "/api/metrics", M, _METRICS, cursor=True,
        filters={"integration.name": _EQUALS, "integration.category": _EQUALS}, includes=("flow-triggers",), fields=("flow", "metric"),
    ),
    Endpoint("metric", "/api/metrics/{id}", M, _METRICS, includes=("flow-triggers",), fields=("flow", "metric")),
    Endpoint("mapped_metrics", "/api/mapped-metrics", S, _METRICS, includes=("custom-metric", "metric"), fields=("custom-metric", "mapped-metric", "metric")),
    Endpoint("mapped_metric", "/api/mapped-metrics/{id}", S, _METRICS, includes=("custom-metric", "metric"), fields=("custom-metric", "mapped-metric", "metric")),
    Endpoint(
        "events", "/api/events", XL, ("events:read",), page=(200, 1000), cursor=True,
        filters={
            "metric_id": Allowed(("equals",), ("equals",)), "profile_id": _EQUALS, "profile": Allowed(("has",)),
            "metric": Allowed(("has",)), "datetime": _WHEN, "timestamp": Allowed(RANGES, kind="number"),
        },
        sorts=("datetime", "timestamp"), includes=("attributions", "metric", "profile"),
        fields=("attribution", "event", "metric", "profile"),
    ),
    Endpoint("event", "/api/events/{id}", M, ("events:read",), includes=("attributions", "metric", "profile"), fields=("attribution", "event", "metric", "profile")),
    Endpoint(
        "profiles", "/api/profiles", L, ("profiles:read",), page=(20, 100), cursor=True, filters=_PROFILE,
        sorts=("created", "email", "id", "updated", _SUPPRESSION + "list_suppressions.timestamp", _SUPPRESSION + "suppression.timestamp"),
        includes=("conversations", "push-tokens"), fields=("conversation", "profile", "push-token"), additional=_PROFILE_MORE,
    ),
    Endpoint(
        "profile", "/api/profiles/{id}", L, ("profiles:read",), includes=("conversations", "lists", "push-tokens", "segments"),
        fields=("conversation", "list", "profile", "push-token", "segment"), additional=_PROFILE_MORE,
    ),
    Endpoint(
        "lists", "/api/lists", L, ("lists:read",), page=(10, 10), cursor=True, filters=_GROUP, sorts=_BASIC_SORTS,
        includes=("flow-triggers", "tags"), fields=("flow", "list", "tag"),
    ),
    Endpoint(
        "segments", "/api/segments", L, ("segments:read",), page=(10, 10), cursor=True,
        filters=_GROUP | {"is_active": Allowed(("equals",), ("any", "equals"), kind="boolean"), "is_starred": _FLAG},
        sorts=_BASIC_SORTS, includes=("flow-triggers", "tags"), fields=("flow", "segment", "tag"),
    ),
    Endpoint(
        "list_members", "/api/lists/{id}/profiles", L, ("lists:read", "profiles:read"), page=(20, 100), cursor=True,
        filters=_MEMBER, sorts=("joined_group_at",), fields=("profile",), additional=_PROFILE_MORE,
    ),
    Endpoint(
        "segment_members", "/api/segments/{id}/profiles", L, ("profiles:read", "segments:read"), page=(20, 100), cursor=True,
        filters=_MEMBER | {"profile_id": _ANY_EQ}, sorts=("joined_group_at",), fields=("profile",), additional=_PROFILE_MORE,
    ),
    Endpoint(
        "templates", "/api/templates", L, ("templates:read",), page=(10, 10), cursor=True,
        filters={"id": _ANY_EQ, "name": Allowed(("contains", "equals"), ("any", "equals")), "created": _WHEN_EQ, "updated": _WHEN_EQ},
        sorts=_BASIC_SORTS, fields=("template",), additional=("definition",),
    ),
    Endpoint(
        "tags", "/api/tags", S, ("tags:read",), page=(50, 50), cursor=True,
        filters={"name": Allowed(("contains", "ends-with", "equals", "starts-with"), ("equals",))}, sorts=("id", "name"),
        includes=("tag-group",), fields=("tag", "tag-group"),
    ),
    Endpoint("metric_aggregates", "/api/metric-aggregates", S, _METRICS, "POST", fields=("metric-aggregate",)),
    Endpoint("campaign_values", "/api/campaign-values-reports", REPORT, ("campaigns:read",), "POST", fields=("campaign-values-report",)),
    Endpoint("flow_values", "/api/flow-values-reports", REPORT, _FLOWS, "POST", fields=("flow-values-report",)),
    Endpoint("flow_series", "/api/flow-series-reports", REPORT, _FLOWS, "POST", fields=("flow-series-report",)),
)  # fmt: skip

OMNI_ENDPOINTS: tuple[Endpoint, ...] = (
    _OMNI,
    replace(_OMNI, handler="campaign", path="/api/campaigns/{id}", page=None, cursor=False, filters={}, sorts=()),
    _MESSAGES,
    replace(
        _MESSAGES, handler="messages_of_campaign", path="/api/campaigns/{id}/campaign-messages", filters={}, sorts=()
    ),
    replace(
        _MESSAGES,
        handler="campaign_message",
        path="/api/campaign-messages/{id}",
        page=None,
        cursor=False,
        filters={},
        sorts=(),
    ),
)
