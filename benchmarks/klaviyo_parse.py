"""How many order events a core parses in a second: `python benchmarks/klaviyo_parse.py [shape …]`."""

from __future__ import annotations

import sys
import time
from zoneinfo import ZoneInfo

import orjson

from milepost.sources.klaviyo.macros import MACROS
from milepost.sources.klaviyo.orders import Shop, read_orders, read_page
from milepost.sources.klaviyo.worker import Worker

SHOP = Shop(ZoneInfo("America/New_York"), "USD")
ADDRESS = {
    "first_name": "Ada", "last_name": "Byron", "address1": "1 Main Street", "city": "Boston", "zip": "02110", "country_code": "US",
}  # fmt: skip


def shopify(n: int) -> dict[str, object]:
    lines = [
        {
            "id": n * 10 + k, "product_id": 100 + k, "variant_id": 1000 + k, "sku": f"BC-{k}", "title": f"Blue Cheese {k}",
            "vendor": "Rogue Creamery", "quantity": 1 + k, "price": "99.95", "line_price": "99.95", "total_discount": "0.00",
            "product": {"id": 11, "title": "Blue cheese", "images": [{"src": "https://cdn.example/x.jpg"}]},
        }
        for k in range(1 + n % 2)
    ]  # fmt: skip
    extra = {
        "id": n, "order_number": 1042, "email": "a@example.com", "currency": "USD", "subtotal_price": "129.90", "total_tax": "8.10",
        "total_discounts": "12.99", "total_shipping_price_set": {"shop_money": {"amount": "9.95", "currency_code": "USD"}},
        "discount_codes": [{"code": "SAVE10", "amount": "12.99"}], "billing_address": ADDRESS, "shipping_address": ADDRESS,
        "landing_site": "/?utm_source=klaviyo&utm_medium=email&utm_campaign=Fall%20(01ABC)", "line_items": lines,
        "customer": {"id": 1, "email": "a@example.com", "orders_count": 2},
    }  # fmt: skip
    return {
        "$event_id": str(n), "$value": 129.9, "$currency_code": "USD", "Item Count": len(lines), "Items": ["Blue Cheese"],
        "Collections": ["Cheese", "Gifts"], "tags": ["vip"], "Discount Codes": ["SAVE10"], "Total Discounts": "12.99",
        "Source Name": "web", "Shipping Rate": "Standard", "Customer Locale": "en-US", "$extra": extra,
    }  # fmt: skip


def api(n: int) -> dict[str, object]:
    item = {
        "ProductID": "1111", "SKU": "POOH", "ProductName": "Winnie the Pooh", "Quantity": 1, "ItemPrice": 9.99, "RowTotal": 9.99,
        "ProductURL": "https://shop.example/a", "ImageURL": "https://shop.example/b", "Categories": ["Fiction"], "Brand": "Kids",
    }  # fmt: skip
    return {
        "OrderId": str(n), "Categories": ["Fiction"], "ItemNames": ["Winnie the Pooh"], "DiscountCode": "Free Shipping",
        "DiscountValue": 5, "Items": [item] * (2 + n % 4), "BillingAddress": ADDRESS, "ShippingAddress": ADDRESS,
        "$event_id": str(n), "$value": "1,299.98", "$currency_code": "USD",
    }  # fmt: skip


SHAPES = {"shopify": shopify, "api": api}


def page(shape: str, rows: int = 1000) -> bytes:
    """One page as Klaviyo writes it, with profiles and attributions included."""
    data, included = [], []
    for n in range(rows):
        relations = {
            "profile": {"data": {"type": "profile", "id": f"01H{n}"}},
            "metric": {"data": {"type": "metric", "id": "RESQ6t"}},
            "attributions": {"data": [{"type": "attribution", "id": f"at{n}"}] if n % 3 == 0 else []},
        }
        stamp = {
            "timestamp": 1762956116,
            "datetime": "2025-11-12 14:01:56+00:00",
            "uuid": "6a372080-0000-11ef-8000-000000000000",
        }
        data.append(
            {
                "type": "event",
                "id": f"4vR{n}",
                "attributes": {**stamp, "event_properties": SHAPES[shape](n)},
                "relationships": relations,
            }
        )
        included.append(
            {"type": "profile", "id": f"01H{n}", "attributes": {"email": f"a{n}@example.com", "phone_number": None}}
        )
        if n % 3 == 0:
            cause = {"campaign": {"data": {"type": "campaign", "id": "C1"}}}
            included.append({"type": "attribution", "id": f"at{n}", "relationships": cause})
    return orjson.dumps({"data": data, "included": included, "links": {"next": None}})


def measure(shape: str, rounds: int = 60) -> None:
    """Print one line for the shape: events per second of processor time, in the best round (others use the machine)."""
    body, worker = page(shape), Worker(MACROS)
    assert read_orders(worker, read_page(worker, body), SHOP).rows["orders"].num_rows == 1000
    best = float("inf")
    for _ in range(rounds):
        used = time.process_time()
        read_orders(worker, read_page(worker, body), SHOP)
        best = min(best, time.process_time() - used)
    rate = 1000 / best
    print(
        f"{shape:10s} {len(body) / 1000:6.0f} bytes/event  {rate:8.0f} events/s/core  {rate * len(body) / 1e9:6.0f} MB/s"
    )


if __name__ == "__main__":
    for name in sys.argv[1:] or SHAPES:
        measure(name)
