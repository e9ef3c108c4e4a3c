"""What a shop sells: a seeded catalogue of products in variants, with prices in cents."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

_NOUNS = (
    "Blend",
    "Candle",
    "Mug",
    "Throw",
    "Serum",
    "Notebook",
    "Kettle",
    "Backpack",
    "Lamp",
    "Soap",
    "Honey",
    "Scarf",
)
_STYLES = (
    "Amber",
    "Fjord",
    "Willow",
    "Café",
    "Harvest",
    "Indigo",
    "Juniper",
    "Maple",
    "Nordic",
    "Opal",
    "Prairie",
    "Sienna",
)
_VENDORS = ("Rogue Hill", "Maison Alba", "Tinker & Sons", "Österholm", "Quiet Coast", "Parcel No. 9")
_COLLECTIONS = ("Gifts", "Home", "Kitchen", "Bath", "Outdoor", "New In", "Under 25", "Best Sellers")
_SIZES = ("Small", "Medium", "Large", "8oz", "16oz")


@dataclass(frozen=True, slots=True)
class Item:
    """One variant that can be bought. `price` in cents of the shop's currency."""

    index: int
    product_id: int
    variant_id: int
    sku: str
    title: str
    variant: str
    vendor: str
    price: int
    collections: tuple[str, ...]
    tags: tuple[str, ...]


def catalogue(seed: int, products: int = 120) -> list[Item]:
    """The shop's variants, most popular first; a few cost more than a thousand."""
    rng = Random(f"catalogue:{seed}")
    items: list[Item] = []
    for number in range(products):
        noun = rng.choice(_NOUNS)
        title = f"{rng.choice(_STYLES)} {noun}"
        vendor = rng.choice(_VENDORS)
        collections = tuple(rng.sample(_COLLECTIONS, rng.randint(1, 3)))
        base = round(rng.lognormvariate(7.7, 0.6)) // 100 * 100 + 95
        if number % 40 == 7:
            base += 120_000
        for step in range(rng.randint(1, 3)):
            index = len(items)
            product_id = 6_700_000_000_000 + seed % 1000 * 1000 + number
            items.append(
                Item(
                    index,
                    product_id,
                    product_id * 10 + step,
                    f"{noun[:3].upper()}-{number:03d}-{step + 1}",
                    title,
                    _SIZES[(number + step) % len(_SIZES)],
                    vendor,
                    max(295, base + step * 500),
                    collections,
                    tuple(sorted({noun.lower(), vendor.split(maxsplit=1)[0].lower()})),
                )
            )
    return items
