"""The invented clients of demo and `simulate klaviyo`: one for each shape of shop. What a shop sells is the sandbox's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from milepost.sandbox.klaviyo import AccountSpec


@dataclass(frozen=True, slots=True)
class Shop:
    """An invented client: its slug, what its shop runs on, where it is."""

    slug: str
    shape: str
    timezone: str
    currency: str


SHOPS = (
    Shop("aurora", "shopify", "America/New_York", "USD"),
    Shop("birch", "woocommerce", "Europe/Berlin", "EUR"),
    Shop("cedar", "magento", "Australia/Sydney", "AUD"),
    Shop("dune", "api", "Asia/Kolkata", "INR"),
)
BY_SHAPE = {shop.shape: shop for shop in SHOPS}


def account(shop: Shop, orders: int, start: date, end: date, seed: int = 1) -> AccountSpec:
    """The sandbox account of a shop with so many orders on the days `[start, end)`; its key opens nothing elsewhere."""
    from milepost.sandbox.klaviyo import AccountSpec

    return AccountSpec(
        shop.slug,
        f"pk_sandbox_{shop.slug}",
        shop=shop.shape,  # type: ignore[arg-type]  # one of the sandbox's four: a test walks them
        timezone=shop.timezone,
        currency=shop.currency,
        orders=orders,
        start=start,
        end=end,
        seed=seed,
    )


def variable(slug: str) -> str:
    """The variable that holds a client's key."""
    return f"KLAVIYO_API_KEY_{slug.upper().replace('-', '_')}"
