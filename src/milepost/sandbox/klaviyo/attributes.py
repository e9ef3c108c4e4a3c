"""The attributes of each resource type, as sparse fieldsets may name them (the part before the first dot)."""

from __future__ import annotations

_NAMED = ("id", "name", "created", "updated")
ATTRIBUTES: dict[str, frozenset[str]] = {
    kind: frozenset(names)
    for kind, names in {
        "account": ("id", "test_account", "contact_information", "industry", "timezone", "preferred_currency", "public_api_key", "locale"),
        "attribution": ("id",),
        "campaign": (
            "id", "name", "status", "archived", "audiences", "send_options", "tracking_options", "send_strategy",
            "created_at", "scheduled_at", "updated_at", "send_time", "definition",
        ),
        "campaign-audience": ("id", "definition"),
        "campaign-message": (
            "id", "definition", "send_times", "created_at", "updated_at", "created", "updated", "label", "channel", "content",
            "render_options",
        ),
        "campaign-variation": ("id", "definition", "created", "updated"),
        "campaign-values-report": ("id", "results"),
        "custom-metric": (*_NAMED, "definition"),
        "event": ("id", "timestamp", "event_properties", "datetime", "uuid"),
        "flow": (*_NAMED, "status", "archived", "trigger_type", "definition"),
        "flow-action": (
            "id", "created", "updated", "definition", "action_type", "status", "settings", "tracking_options", "send_options",
            "render_options",
        ),
        "flow-message": (*_NAMED, "channel", "definition", "content"),
        "flow-series-report": ("id", "date_times", "results"),
        "flow-values-report": ("id", "results"),
        "image": ("id", "name", "image_url", "format", "size", "hidden", "updated_at"),
        "list": (*_NAMED, "opt_in_process"),
        "mapped-metric": ("id", "updated"),
        "metric": (*_NAMED, "integration"),
        "metric-aggregate": ("id", "dates", "data"),
        "profile": (
            "id", "email", "phone_number", "external_id", "first_name", "last_name", "organization", "locale", "title", "image",
            "created", "updated", "last_event_date", "location", "properties", "subscriptions", "predictive_analytics",
            "joined_group_at", "_kx",
        ),
        "segment": (*_NAMED, "definition", "is_active", "is_processing", "is_starred"),
        "tag": ("id", "name"),
        "tag-group": ("id", "name", "exclusive", "default"),
        "template": (*_NAMED, "editor_type", "html", "text", "amp", "definition"),
    }.items()
}  # fmt: skip
