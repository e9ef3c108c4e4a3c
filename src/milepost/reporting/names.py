"""What each source calls the columns of the reporting schema: tables, no code. How a value is read is in `forms.py`.

Sources: contracts/klaviyo.md 1.5 and 1.6; contracts/services.md 1.7 (Fivetran, with the columns of dbt_klaviyo) and 2.2
(Supermetrics). An order of names is an order of preference: the first that has a value is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class SourceNames:
    """One source. `naive`: whose clock an instant without a time zone shows. `message`, `deleted`: for identity, marks.

    `unreported` are known names that no report needs; every other name is unknown and reported as such.
    """

    columns: Mapping[str, tuple[str, ...]]
    naive: Literal["utc", "account"] = "utc"
    message: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    unreported: frozenset[str] = frozenset()


_SAME = {name: (name,) for name in ("delivered", "recipients", "opens", "opens_unique", "clicks", "clicks_unique")}
_RATES = {
    name: (name,)
    for name in (
        "open_rate",
        "click_rate",
        "click_to_open_rate",
        "conversion_rate",
        "bounce_rate",
        "unsubscribe_rate",
        "revenue_per_recipient",
    )
}

KLAVIYO = SourceNames(
    columns={
        "date": ("date",),
        "campaign_id": ("campaign_id", "id"),
        "campaign_name": ("campaign_name", "name"),
        "channel": ("channel", "send_channel"),
        "send_time": ("send_time",),
        "subject_line": ("subject_line", "subject"),
        "list_id": ("list_id", "included"),
        **_SAME,
        **_RATES,
        "bounces": ("bounces", "bounced"),
        "unsubscribes": ("unsubscribes",),
        "spam_complaints": ("spam_complaints",),
        "conversions": ("conversions",),
        "revenue": ("revenue", "conversion_value"),
        "currency": ("currency", "preferred_currency"),
    },
    message=("campaign_message_id",),
    unreported=frozenset(
        {
            *(
                "type",
                "status",
                "archived",
                "created_at",
                "updated_at",
                "scheduled_at",
                "campaign_message_name",
                "excluded",
            ),
            *(
                "average_order_value",
                "bounced_or_failed",
                "bounced_or_failed_rate",
                "conversion_uniques",
                "delivery_rate",
            ),
            *("failed", "failed_rate", "message_segment_count_sum", "spam_complaint_rate", "unsubscribe_uniques"),
            *("text_message_credit_usage_amount", "text_message_roi", "text_message_spend", "engagement_score"),
        }
    ),
)

FIVETRAN = SourceNames(
    columns={
        "date": ("date", "date_day"),
        "campaign_id": ("campaign_id", "id"),
        "campaign_name": ("campaign_name", "name"),
        "channel": ("channel", "campaign_type"),
        "send_time": ("send_time", "sent_at", "scheduled"),
        "subject_line": ("subject_line", "content_subject", "subject"),
        "list_id": ("list_id",),
        **_SAME,
        **_RATES,
        "recipients": ("recipients", "total_count_unique_people"),
        "delivered": ("delivered", "unique_count_received_email", "count_received_email"),
        "opens": ("opens", "count_opened_email"),
        "opens_unique": ("opens_unique", "unique_count_opened_email"),
        "clicks": ("clicks", "count_clicked_email"),
        "clicks_unique": ("clicks_unique", "unique_count_clicked_email"),
        "bounces": ("bounces", "count_bounced_email"),
        "unsubscribes": ("unsubscribes", "count_unsubscribed"),
        "spam_complaints": ("spam_complaints", "count_marked_email_as_spam"),
        "conversions": ("conversions", "count_placed_order"),
        "revenue": ("revenue", "sum_revenue_placed_order"),
        "currency": ("currency",),
    },
    message=("campaign_message_id", "variation_id"),
    deleted=("_fivetran_deleted",),
    unreported=frozenset(
        {
            *("_fivetran_synced", "archived", "created", "updated", "email_template_id", "from_email", "from_name"),
            *("status", "status_id", "status_label", "template_id", "content_preview_text", "content_from_email"),
            *("content_from_label", "label", "source_relation", "engagement_score"),
        }
    ),
)

SUPERMETRICS = SourceNames(
    columns={
        "date": ("date", "campaign_send_date"),
        "campaign_id": ("campaign_id",),
        "campaign_name": ("campaign_name",),
        "channel": ("channel",),
        "send_time": ("campaign_send_datetime",),
        "subject_line": ("campaign_subject",),
        "list_id": ("list_id",),
        "recipients": ("klaviyo_total_recipients",),
        "delivered": ("klaviyo_received_email",),
        "opens": ("klaviyo_opened_email",),
        "opens_unique": ("klaviyo_opened_email_unique",),
        "clicks": ("klaviyo_clicked_email",),
        "clicks_unique": ("klaviyo_clicked_email_unique",),
        "bounces": ("klaviyo_bounced_email",),
        "unsubscribes": ("klaviyo_unsubscribed",),
        "spam_complaints": ("klaviyo_marked_email_as_spam",),
        "conversions": ("shopify_placed_order",),
        "revenue": ("shopify_placed_order_value",),
        "currency": ("currency",),
        "open_rate": ("klaviyo_open_rate",),
        "click_rate": ("klaviyo_click_rate",),
        "conversion_rate": ("shopify_conversion_rate",),
        "bounce_rate": ("klaviyo_bounce_rate",),
        "unsubscribe_rate": ("klaviyo_unsubscribe_rate",),
    },
    naive="account",
    unreported=frozenset({"account_name", "flow_id", "flow_name", "klaviyo_subscribed_to_list"}),
)

SOURCES: Mapping[str, SourceNames] = {"klaviyo": KLAVIYO, "fivetran": FIVETRAN, "supermetrics": SUPERMETRICS}
ENVELOPES = (
    "attributes.",
    "statistics.",
    "groupings.",
    "audiences.",
    "definition.",
)  # what nested answers are wrapped in
