"""An account's small resources as things: metrics, lists, segments, templates, tags and the account itself."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from milepost.sandbox.klaviyo.names import codes
from milepost.sandbox.klaviyo.things import Thing, stamp
from milepost.sandbox.shop.season import midnight
from milepost.sandbox.shop.spec import AccountSpec, Shop

LISTS, SEGMENTS, TEMPLATES, TAGS = 12, 14, 23, 6
SHOPS: dict[Shop, str] = {"shopify": "Shopify", "woocommerce": "WooCommerce", "magento": "Magento 2", "api": "Own shop"}


@dataclass(frozen=True, slots=True)
class MetricDef:
    """A metric and the number of its log; `origin` names the integration: shop, klaviyo or api."""

    number: int
    name: str
    origin: str


PLACED, API_PLACED, ORPHAN = 0, 8, 30
METRICS: tuple[MetricDef, ...] = (
    MetricDef(API_PLACED, "Placed Order", "api"),  # listed first: who picks by name alone picks the wrong one
    MetricDef(PLACED, "Placed Order", "shop"),
    MetricDef(1, "Ordered Product", "shop"),
    MetricDef(2, "Checkout Started", "shop"),
    MetricDef(3, "Added to Cart", "shop"),
    MetricDef(4, "Viewed Product", "shop"),
    MetricDef(5, "Fulfilled Order", "shop"),
    MetricDef(6, "Cancelled Order", "shop"),
    MetricDef(7, "Refunded Order", "shop"),
    MetricDef(9, "Received Email", "klaviyo"),
    MetricDef(10, "Opened Email", "klaviyo"),
    MetricDef(11, "Clicked Email", "klaviyo"),
    MetricDef(12, "Bounced Email", "klaviyo"),
    MetricDef(13, "Unsubscribed", "klaviyo"),
    MetricDef(14, "Marked Email as Spam", "klaviyo"),
    MetricDef(15, "Received Text Message", "klaviyo"),
    MetricDef(16, "Clicked Text Message", "klaviyo"),
    MetricDef(17, "Received Push", "klaviyo"),
    MetricDef(18, "Opened Push", "klaviyo"),
    MetricDef(19, "Active on Site", "api"),
)
MAPPING = {
    "revenue": PLACED, "ordered_product": 1, "started_checkout": 2, "added_to_cart": 3, "viewed_product": 4,
    "cancelled_sales": 6, "refunded_sales": 7,
}  # fmt: skip


def integration(origin: str, shop: Shop, code: str) -> dict[str, Any]:
    """The integration of a metric; that of one origin has its category as an object, as seen live."""
    name = {"shop": SHOPS[shop], "klaviyo": "Klaviyo", "api": "API"}[origin]
    category: Any = {"shop": "eCommerce", "klaviyo": "Internal", "api": "API"}[origin]
    return {
        "object": "integration",
        "id": code,
        "key": name.lower().replace(" ", "_"),
        "name": name,
        "category": category,
    }


def metrics(spec: AccountSpec) -> dict[int, Thing]:
    """Metrics by the number of their log."""
    ids = codes(spec.seed, "metric", 40)
    kinds = dict(zip(("shop", "klaviyo", "api"), codes(spec.seed, "integration", 3), strict=True))
    born = midnight(spec.start, spec.zone)
    out: dict[int, Thing] = {}
    for metric in METRICS:
        source = integration(metric.origin, spec.shop, kinds[metric.origin])
        facts = {"name": metric.name, "integration.name": source["name"], "integration.category": source["category"]}
        if metric.name == "Active on Site":
            source["category"] = {"id": kinds["api"], "object": "category", "name": source["category"]}
        attributes = {
            "name": metric.name, "created": stamp(born - 86_400 * 30 + metric.number * 60),
            "updated": stamp(born - 86_400 * 3 + metric.number * 60), "integration": source,
        }  # fmt: skip
        code = ids[metric.number]
        out[metric.number] = Thing("metric", code, attributes, {"flow-triggers": ("flow", [])}, facts)
    return out


def mapped_metrics(spec: AccountSpec, known: dict[int, Thing]) -> list[Thing]:
    """Which metric stands for revenue, carts and so on."""
    born = midnight(spec.start, spec.zone)
    return [
        Thing("mapped-metric", name, {"updated": stamp(born)}, {"metric": ("metric", known[n].id), "custom-metric": ("custom-metric", None)})
        for name, n in sorted(MAPPING.items())
    ]  # fmt: skip


def orphan_metric(spec: AccountSpec) -> str:
    """The id of a metric that events still name but that no longer exists."""
    return codes(spec.seed, "metric", 40)[ORPHAN]


def account(spec: AccountSpec) -> Thing:
    """The one account of a key."""
    name = spec.slug.replace("-", " ").title()
    contact = {
        "default_sender_name": name, "default_sender_email": f"hello@{spec.slug}.example",
        "website_url": f"https://{spec.slug}.example", "organization_name": name,
        "street_address": {"address1": "1 Mill Road", "address2": None, "city": "Boston", "region": "MA", "country": "United States", "zip": "02110"},
    }  # fmt: skip
    code = codes(spec.seed, f"account:{spec.slug}", 1)[0]
    attributes = {
        "test_account": False, "contact_information": contact, "industry": "Ecommerce, Other", "timezone": spec.timezone,
        "preferred_currency": spec.currency, "public_api_key": code, "locale": "en-US",
    }  # fmt: skip
    return Thing("account", code, attributes)


def tags(spec: AccountSpec) -> tuple[list[Thing], Thing]:
    """Tags and their one group."""
    names = ("evergreen", "sale", "newsletter", "vip", "launch", "seasonal")
    group_id, *ids = (f"0000000{i}-{c}{c[:2]}".lower() for i, c in enumerate(codes(spec.seed, "tag", TAGS + 1)))
    group = Thing("tag-group", group_id, {"name": "default", "exclusive": False, "default": True})
    made = [
        Thing("tag", i, {"name": n}, {"tag-group": ("tag-group", group_id)}, {"name": n})
        for i, n in zip(ids, names, strict=True)
    ]
    return made, group


def _dated(rng: Random, spec: AccountSpec) -> tuple[int, int]:
    created = midnight(spec.start, spec.zone) - rng.randint(1, 300) * 86_400 + rng.randint(0, 86_399)
    return created, created + rng.randint(1, 400) * 86_400


def lists(spec: AccountSpec, tag_ids: list[str]) -> list[Thing]:
    """Lists, the first being the newsletter."""
    rng = Random(f"lists:{spec.seed}")
    out = []
    for number, code in enumerate(codes(spec.seed, "list", LISTS)):
        created, updated = _dated(rng, spec)
        name = "Newsletter" if number == 0 else f"List {number + 1}"
        process = "double_opt_in" if number % 3 == 0 else "single_opt_in"
        attributes = {"name": name, "created": stamp(created), "updated": stamp(updated), "opt_in_process": process}
        rels: dict[str, Any] = {
            "profiles": ("profile", None), "tags": ("tag", [tag_ids[number % TAGS]] if number % 2 else []), "flow-triggers": ("flow", []),
        }  # fmt: skip
        out.append(Thing("list", code, attributes, rels, {"name": name, "created": created, "updated": updated}))
    return out


def segments(spec: AccountSpec, tag_ids: list[str], list_id: str) -> list[Thing]:
    """Segments, each defined by membership of the newsletter."""
    rng = Random(f"segments:{spec.seed}")
    definition = {
        "condition_groups": [
            {"conditions": [{"type": "profile-group-membership", "is_member": True, "group_ids": [list_id], "timeframe_filter": None}]}
        ]
    }  # fmt: skip
    out = []
    for number, code in enumerate(codes(spec.seed, "segment", SEGMENTS)):
        created, updated = _dated(rng, spec)
        flags = {"is_active": number % 7 != 6, "is_processing": False, "is_starred": number % 4 == 0}
        name = f"Segment {number + 1}"
        attributes = {
            "name": name,
            "definition": definition,
            "created": stamp(created),
            "updated": stamp(updated),
        } | flags
        rels: dict[str, Any] = {
            "profiles": ("profile", None), "tags": ("tag", [tag_ids[number % TAGS]]), "flow-triggers": ("flow", []),
        }  # fmt: skip
        out.append(
            Thing("segment", code, attributes, rels, {"name": name, "created": created, "updated": updated} | flags)
        )
    return out


def templates(spec: AccountSpec) -> list[Thing]:
    """Templates of messages."""
    rng = Random(f"templates:{spec.seed}")
    out = []
    for number, code in enumerate(codes(spec.seed, "template", TEMPLATES)):
        created, updated = _dated(rng, spec)
        name = f"Template {number + 1}"
        attributes = {
            "name": name, "editor_type": "CODE" if number % 2 else "SYSTEM_DRAGGABLE", "html": f"<html><body><p>{name}</p></body></html>",
            "text": name, "amp": None, "created": stamp(created), "updated": stamp(updated),
        }  # fmt: skip
        out.append(Thing("template", code, attributes, {}, {"name": name, "created": created, "updated": updated}))
    return out
