"""What an account says of itself: who it is, whose day it keeps, and which metric is its revenue. No rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from milepost.errors import SourceChanged, SourceUnavailable
from milepost.sources.klaviyo import tiers
from milepost.sources.klaviyo.client import Request

ORDER_METRIC = "Placed Order"
_SHOP_CATEGORY = "ecommerce"
Send = Callable[[Request], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Identity:
    """The account behind a key; `missing_scopes` are those that were refused when asked for."""

    account_id: str
    name: str
    zone: ZoneInfo
    currency: str
    missing_scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. `category` is of its integration: `eCommerce` for shops, empty for none."""

    id: str
    name: str
    integration: str
    category: str


def document(body: bytes, what: object) -> Mapping[str, Any]:
    """A JSON:API document. Raises SourceUnavailable for broken JSON, SourceChanged where it has no `data`."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise SourceUnavailable(f"{what}: an answer of {len(body)} bytes is no JSON") from error
    if not isinstance(found, dict) or "data" not in found:
        raise SourceChanged(f"{what}: an answer without `data`")
    return found


def read_identity(send: Send) -> Identity:
    """Who the key belongs to: exactly one account. Raises SourceError."""
    rows = send(Request(tiers.ACCOUNTS, tiers.ACCOUNTS.path))["data"]
    try:
        (row,) = rows
        attributes = row["attributes"]
        contact = attributes.get("contact_information") or {}
        name = contact.get("organization_name") or contact.get("default_sender_name") or row["id"]
        return Identity(row["id"], name, ZoneInfo(attributes["timezone"]), attributes["preferred_currency"])
    except (ValueError, KeyError, TypeError, ZoneInfoNotFoundError) as error:
        raise SourceChanged(
            f"GET /api/accounts: no single account with a known time zone and currency ({error!r})"
        ) from error


def _pages(send: Send, request: Request) -> Iterator[Mapping[str, Any]]:
    seen: set[str] = set()
    while True:
        page = send(request)
        yield page
        following = (page.get("links") or {}).get("next")
        if not following:
            return
        if following in seen:
            raise SourceChanged(f"{request.endpoint}: the same page is given as the next one again")
        seen.add(following)
        request = request.following(following)


def read_metrics(send: Send) -> tuple[Metric, ...]:
    """All metrics of the account."""
    pages = _pages(send, Request(tiers.METRICS, tiers.METRICS.path))
    return tuple(_metric(row) for page in pages for row in page["data"])


def _metric(row: Mapping[str, Any]) -> Metric:
    attributes = row.get("attributes") or {}
    integration = attributes.get("integration") or {}
    category = integration.get("category") or ""
    if isinstance(category, dict):  # some integrations give an object
        category = category.get("name") or ""
    return Metric(str(row["id"]), attributes.get("name") or "", integration.get("name") or "", str(category))


def revenue_metric(send: Send, metrics: tuple[Metric, ...]) -> Metric:
    """The metric whose events are the account's orders.

    What the account itself mapped to `revenue` decides. Without a mapping it is the "Placed Order" of a shop integration.
    Others of that name are not orders: they would count a purchase twice. Raises SourceChanged where none can be chosen.
    """
    known = {m.id: m for m in metrics}
    for row in send(Request(tiers.MAPPED_METRICS, tiers.MAPPED_METRICS.path))["data"]:
        if row.get("id") == "revenue":
            target = (((row.get("relationships") or {}).get("metric") or {}).get("data") or {}).get("id")
            if target in known:
                return known[target]
    named = [m for m in metrics if m.name == ORDER_METRIC]
    shops = [m for m in named if m.category.lower() == _SHOP_CATEGORY]
    for choice in (shops, named):
        if len(choice) == 1:
            return choice[0]
    raise SourceChanged(
        f"{len(named)} metrics are named {ORDER_METRIC!r} and none is mapped to revenue (expected one)",
        hint="map a metric to revenue in Klaviyo under Settings > Metrics, or give the source `order_metric`",
    )
