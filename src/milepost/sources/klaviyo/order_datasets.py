"""The three datasets that the stream of orders fills: their columns, keys and types. How they are filled is in `orders_sql`."""

from __future__ import annotations

from milepost.dataset import Dataset, ReadMode
from milepost.schema import DATE, INTEGER, JSON, MONEY, TEXT, TIMESTAMPTZ, Column, list_of
from milepost.sources.klaviyo import aliases

PII = "PII"
TEXTS = list_of(TEXT)
STREAM = "orders"

_ATTRIBUTION = (
    Column("attribution_id", TEXT),
    Column("attributed_campaign_id", TEXT),
    Column("attributed_flow_id", TEXT),
    Column("attributed_message_id", TEXT),
)

# Every event as it came, understood or not: a refused order is still here. `day` is the account's day.
EVENTS = Dataset(
    "events",
    (
        Column("event_id", TEXT, nullable=False),
        Column("metric_id", TEXT),
        Column("profile_id", TEXT),
        Column("datetime", TIMESTAMPTZ),
        Column("day", DATE),
        Column("uuid", TEXT),
        *_ATTRIBUTION,
        Column("properties", JSON, classification=PII),
    ),
    key=("event_id",),
    read_mode=ReadMode.INCREMENTAL,
    cursor="datetime",
    origin="GET /api/events",
)

ORDERS = Dataset(
    "orders",
    (
        Column("event_id", TEXT, nullable=False),
        Column("order_id", TEXT, nullable=False),
        Column("datetime", TIMESTAMPTZ, nullable=False),
        Column("date", DATE, nullable=False),
        Column("value", MONEY),
        Column("currency", TEXT),
        Column("item_count", INTEGER),
        Column("categories", TEXTS),
        Column("brands", TEXTS),
        Column("discount_codes", TEXTS),
        Column("discount_value", MONEY),
        Column("shipping", MONEY),
        Column("tax", MONEY),
        Column("subtotal", MONEY),
        Column("billing_address", JSON, classification=PII),
        Column("shipping_address", JSON, classification=PII),
        Column("profile_id", TEXT),
        Column("email", TEXT, classification=PII),
        Column("phone", TEXT, classification=PII),
        Column("source", TEXT),
        *(Column(name, TEXT) for name in aliases.UTM),
        Column("attributed_campaign_id", TEXT),
        Column("attributed_flow_id", TEXT),
        Column("attributed_message_id", TEXT),
    ),
    key=("event_id",),
    read_mode=ReadMode.INCREMENTAL,
    cursor="datetime",
    origin="GET /api/events",
)

ORDER_ITEMS = Dataset(
    "order_items",
    (
        Column("event_id", TEXT, nullable=False),
        Column("line", INTEGER, nullable=False),
        Column("datetime", TIMESTAMPTZ, nullable=False),
        Column("date", DATE, nullable=False),
        Column("product_id", TEXT),
        Column("sku", TEXT),
        Column("name", TEXT),
        Column("quantity", MONEY),
        Column("price", MONEY),
        Column("row_total", MONEY),
        Column("categories", TEXTS),
        Column("brand", TEXT),
    ),
    key=("event_id", "line"),
    read_mode=ReadMode.INCREMENTAL,
    cursor="datetime",
    origin="GET /api/events",
)

ALL = (EVENTS, ORDERS, ORDER_ITEMS)
