"""How orders of every shop are read: cases with values worked out by hand, and what is refused instead of guessed."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import orjson
import pytest

from milepost.errors import SourceChanged, SourceUnavailable
from milepost.sources.klaviyo import aliases
from milepost.sources.klaviyo.macros import MACROS
from milepost.sources.klaviyo.order_datasets import ALL
from milepost.sources.klaviyo.orders import Shop, read_orders, read_page
from milepost.sources.klaviyo.worker import Worker

SHOP = Shop(ZoneInfo("America/New_York"), "CAD")
WORKER = Worker(MACROS)


def event(properties, *, number=1, attributions=(), **attributes):
    """An event as Klaviyo writes it."""
    return {
        "type": "event",
        "id": f"e{number}",
        "attributes": {
            "timestamp": 1762956116,
            "datetime": "2025-11-12 14:01:56+00:00",
            "uuid": "6a372080-0000-11ef-8000-000000000000",
            "event_properties": properties,
        }
        | attributes,
        "relationships": {
            "profile": {"data": {"type": "profile", "id": "p1"}},
            "metric": {"data": {"type": "metric", "id": "m1"}},
            "attributions": {"data": [{"type": "attribution", "id": a} for a in attributions]},
        },
    }


def parse(*events, included=()):
    """The chunk of a page, and its tables as lists of rows."""
    body = json.dumps({"data": list(events), "included": list(included), "links": {"next": None}}).encode()
    chunk = read_orders(WORKER, read_page(WORKER, body), SHOP)
    return chunk, {name: table.to_pylist() for name, table in chunk.rows.items()}


def one(properties, **more):
    """The only order and its items."""
    chunk, rows = parse(event(properties, **more))
    assert [r.reason for r in chunk.refused] == []
    return rows["orders"][0], rows["order_items"]


SHOPIFY = {
    "$event_id": "5551", "$value": 129.9, "$currency_code": "USD", "Item Count": 3, "Items": ["Blue Cheese", "Gift Box"],
    "Collections": ["Cheese", "Gifts"], "Discount Codes": ["SAVE10"], "Total Discounts": "12.99", "Source Name": "web",
    "$extra": {
        "email": "a@b.c", "currency": "USD", "subtotal_price": "1,129.90", "total_tax": "8.10",
        "total_shipping_price_set": {"shop_money": {"amount": "9.95", "currency_code": "USD"}},
        "shipping_lines": [{"title": "Standard", "price": "9.95"}],
        "landing_site": "/?utm_source=klaviyo&utm_medium=email&utm_campaign=Fall%20(01ABC)&utm_content=a+b",
        "billing_address": {"city": "Boston"}, "shipping_address": {"city": "Salem"},
        "line_items": [
            {"id": 1, "product_id": 11, "sku": "BC-1", "title": "Blue Cheese", "vendor": "Rogue", "quantity": 1, "price": "99.95", "line_price": "99.95"},
            {"id": 2, "product_id": 12, "sku": "GB-1", "title": "Gift Box", "vendor": "Own", "quantity": 2, "price": "14.975", "line_price": "29.95"},
        ],
    },
}  # fmt: skip
WOO = {
    "$event_id": "77", "$value": "1,299.00", "Currency": "GBP", "Categories": ["Tea"], "ItemNames": ["Green"], "Discount Code": "",
    "DiscountCodes": [], "Discount Value": 0,
    "$extra": {
        "Items": [{"ProductID": 5, "Name": "Green", "Quantity": 3, "Price": "433", "Total": "1,299.00", "Categories": ["Tea"]}],
        "SubTotal": "1299.00", "ShippingTotal": 0, "TaxTotal": "216.50", "BillingAddress": {"City": "Hull"},
    },
}  # fmt: skip
MAGENTO = {
    "$event_id": "000000012", "$value": 45, "Currency Code": "EUR", "Items": ["Mug"], "Item Categories": ["Home"], "Item Count": 2,
    "Discount Codes": ["TEN"],
    "$extra": {
        "subtotal": "40.00", "discount_amount": "-4.00", "shipping_amount": "9.00", "tax_amount": "0.00",
        "line_items": [
            {"product_id": "9", "sku": "MUG", "name": "Mug", "quantity": "2.0000", "price": "20.0000", "row_total": "40.0000", "product": {"attributes": {"manufacturer": "Kiln"}}}
        ],
    },
}  # fmt: skip
API = {
    "OrderId": "1234", "Categories": ["Fiction", "Children"], "ItemNames": ["Winnie the Pooh"], "DiscountCode": "Free Shipping",
    "DiscountValue": 5, "Brands": ["Kids Books"], "Shipping": "4.50", "Tax": 1, "SubTotal": "29.48",
    "Items": [{"ProductID": "1111", "SKU": "POOH", "ProductName": "Winnie the Pooh", "Quantity": 1, "ItemPrice": 9.99, "RowTotal": 9.99, "Categories": ["Fiction"], "Brand": "Kids Books"}],
    "BillingAddress": {"City": "Boston"}, "$event_id": "evt", "$value": 29.98, "utm_source": "news",
}  # fmt: skip
SEGMENT = {
    "order_id": "s1", "$value": 10, "currency": "USD", "coupon": "HI", "discount": 1.5, "tax": 0.5, "shipping": 2, "subtotal": 9,
    "products": [{"product_id": "p", "sku": "s", "name": "n", "quantity": 1, "price": 9, "category": "Toys", "brand": "B"}],
}  # fmt: skip

CASES = [
    (SHOPIFY, {
        "order_id": "5551", "value": "129.9000", "currency": "USD", "item_count": 3, "categories": ["Cheese", "Gifts"],
        "brands": ["Rogue", "Own"], "discount_codes": ["SAVE10"], "discount_value": "12.9900", "shipping": "9.9500",
        "tax": "8.1000", "subtotal": "1129.9000", "email": "a@b.c", "source": "web", "utm_source": "klaviyo",
        "utm_campaign": "Fall (01ABC)", "utm_content": "a b", "utm_term": None, "billing_address": '{"city":"Boston"}',
    }),
    (WOO, {
        "order_id": "77", "value": "1299.0000", "currency": "GBP", "item_count": 3, "categories": ["Tea"], "brands": [],
        "discount_codes": [], "discount_value": "0.0000", "shipping": "0.0000", "tax": "216.5000", "subtotal": "1299.0000",
        "billing_address": '{"City":"Hull"}', "shipping_address": None,
    }),
    (MAGENTO, {
        "order_id": "000000012", "value": "45.0000", "currency": "EUR", "item_count": 2, "categories": ["Home"],
        "brands": ["Kiln"], "discount_codes": ["TEN"], "discount_value": "4.0000", "shipping": "9.0000", "subtotal": "40.0000",
    }),
    (API, {
        "order_id": "1234", "value": "29.9800", "currency": "CAD", "item_count": 1, "categories": ["Fiction", "Children"],
        "brands": ["Kids Books"], "discount_codes": ["Free Shipping"], "discount_value": "5.0000", "shipping": "4.5000",
        "tax": "1.0000", "subtotal": "29.4800", "utm_source": "news",
    }),
    (SEGMENT, {
        "order_id": "s1", "discount_codes": ["HI"], "discount_value": "1.5000", "categories": ["Toys"], "brands": ["B"],
        "item_count": 1, "subtotal": "9.0000",
    }),
]  # fmt: skip


@pytest.mark.parametrize(("properties", "expected"), CASES, ids=["shopify", "woo", "magento", "api", "segment"])
def test_every_shop_becomes_the_same_order(properties, expected):
    order, _ = one(properties)
    assert {k: str(v) if isinstance(v, Decimal) else v for k, v in order.items() if k in expected} == expected


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        (SHOPIFY, [(1, "11", "BC-1", "Blue Cheese", 1, "99.95", "99.95", "Rogue"), (2, "12", "GB-1", "Gift Box", 2, "14.975", "29.95", "Own")]),
        (WOO, [(1, "5", None, "Green", 3, "433", "1299", None)]),
        (MAGENTO, [(1, "9", "MUG", "Mug", 2, "20", "40", "Kiln")]),
        (API, [(1, "1111", "POOH", "Winnie the Pooh", 1, "9.99", "9.99", "Kids Books")]),
        (SEGMENT, [(1, "p", "s", "n", 1, "9", None, "B")]),
        ({"$event_id": "1", "Items": ["A", 'B "x"']}, [(1, None, None, "A", None, None, None, None), (2, None, None, 'B "x"', None, None, None, None)]),
        ({"$event_id": "1"}, []),
        ({"$event_id": "1", "Items": []}, []),
    ],
)  # fmt: skip
def test_items(properties, expected):
    _, items = one(properties)
    names = ("line", "product_id", "sku", "name", "quantity", "price", "row_total", "brand")
    wanted = [
        tuple(
            Decimal(v) if n in ("quantity", "price", "row_total") and v is not None else v
            for n, v in zip(names, row, strict=True)
        )
        for row in expected
    ]
    assert [tuple(item[n] for n in names) for item in items] == wanted


@pytest.mark.parametrize(
    ("money", "expected"),
    [
        (12.99, "12.99"), ("12.99", "12.99"), ("1,299.00", "1299"), ("12,345,678.9", "12345678.9"), (-5, "-5"), (" 7 ", "7"),
        ({"amount": "9.95", "currency_code": "USD"}, "9.95"), ({"centAmount": 999}, "9.99"),
        ({"centAmount": 1234, "fractionDigits": 3, "currencyCode": "KWD"}, "1.234"), ({"centAmount": 500, "fractionDigits": 0}, "500"),
        ({"value": {"centAmount": 4200, "fractionDigits": 2}}, "42"), (0, "0"), (None, None), ("", None), (123456789012.3456, "123456789012.3456"),
    ],
)  # fmt: skip
def test_money(money, expected):
    order, _ = one({"$event_id": "1", "Tax": money})
    assert order["tax"] == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"$value": 1}, "no order id under /OrderId"),
        ({}, "no order id"),
        ({"$event_id": "1", "$value": "twelve"}, "value is not an amount: twelve"),
        ({"$event_id": "1", "$value": "12,99"}, "value is not an amount: 12,99"),
        ({"$event_id": "1", "Shipping": "Free"}, "shipping is not an amount: Free"),
        ({"$event_id": "1", "Tax": {"rate": 7}}, "tax is not an amount"),
        ({"$event_id": "1", "Tax": "{broken"}, "tax is not an amount"),
        ({"$event_id": "1", "Items": "Blue Cheese"}, "items of an unknown shape: Blue Cheese"),
        ({"$event_id": "1", "Items": {"a": 1}}, "items of an unknown shape"),
        ({"$event_id": "1", "Items": [1, 2]}, "items of an unknown shape"),
        ({"$event_id": "1", "Items": [{"Name": "x"}, "y"]}, "an item is no object"),
        ({"$event_id": "1", "Items": [{"Name": "x", "Quantity": "two"}]}, "quantity"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused_and_kept_raw(properties, reason):
    chunk, rows = parse(event(properties), event(API, number=2))
    (refusal,) = chunk.refused
    assert reason in refusal.reason
    assert (refusal.dataset, refusal.key, orjson.loads(refusal.row)) == ("orders", ("e1",), properties)
    assert [o["event_id"] for o in rows["orders"]] == ["e2"]
    assert {i["event_id"] for i in rows["order_items"]} == {"e2"}
    assert [e["event_id"] for e in rows["events"]] == ["e1", "e2"]
    assert orjson.loads(rows["events"][0]["properties"]) == properties


@pytest.mark.parametrize(
    ("text", "seconds", "instant", "day"),
    [
        ("2023-08-10 07:21:56+00:00", None, (2023, 8, 10, 7, 21, 56), (2023, 8, 10)),
        ("2023-08-10T02:00:00Z", None, (2023, 8, 10, 2, 0, 0), (2023, 8, 9)),
        ("2023-08-10T02:00:00-05:00", None, (2023, 8, 10, 7, 0, 0), (2023, 8, 10)),
        ("2027-01-01T04:59:59+00:00", None, (2027, 1, 1, 4, 59, 59), (2026, 12, 31)),
        (None, 1691652116, (2023, 8, 10, 7, 21, 56), (2023, 8, 10)),
    ],
)  # fmt: skip
def test_instants_are_utc_and_days_are_the_accounts(text, seconds, instant, day):
    _, rows = parse(event(API, datetime=text, timestamp=seconds))
    for name, column in (("orders", "date"), ("order_items", "date"), ("events", "day")):
        assert rows[name][0]["datetime"] == datetime(*instant, tzinfo=UTC)
        assert rows[name][0][column] == date(*day)


@pytest.mark.parametrize("text", [None, "", "yesterday", "2023-13-40T00:00:00Z"])
def test_an_order_without_an_instant_is_refused(text):
    chunk, rows = parse(event(API, datetime=text, timestamp=None))
    assert "no datetime that can be read" in chunk.refused[0].reason
    assert rows["events"][0]["datetime"] is None


INCLUDED = [
    {"type": "profile", "id": "p1", "attributes": {"email": "x@y.z", "phone_number": "+1555"}},
    {"type": "attribution", "id": "a1", "relationships": {"campaign": {"data": {"id": "C"}}, "campaign-message": {"data": {"id": "CM"}}}},
    {"type": "attribution", "id": "a2", "relationships": {"flow": {"data": {"id": "F"}}, "flow-message": {"data": {"id": "FM"}}}},
]  # fmt: skip


@pytest.mark.parametrize(
    ("attribution", "expected"),
    [("a1", ("C", None, "CM")), ("a2", (None, "F", "FM")), ("gone", (None, None, None))],
)
def test_who_bought_and_because_of_what(attribution, expected):
    _, rows = parse(event(SHOPIFY, attributions=[attribution]), included=INCLUDED)
    names = ("attributed_campaign_id", "attributed_flow_id", "attributed_message_id")
    for name in ("orders", "events"):
        assert tuple(rows[name][0][n] for n in names) == expected
    assert rows["events"][0]["attribution_id"] == attribution
    assert (rows["orders"][0]["email"], rows["orders"][0]["phone"]) == ("x@y.z", "+1555")


def test_an_attribution_inside_the_event_is_read_too():
    order, _ = one({"$event_id": "1", "$attribution": {"$message": "M", "$flow": "F"}})
    assert (order["attributed_flow_id"], order["attributed_message_id"]) == ("F", "M")


def test_utm_parameters_from_note_attributes_and_longer_names():
    notes = [{"name": "gift", "value": "yes"}, {"name": "utm_medium", "value": "email"}]
    order, _ = one({"$event_id": "1", "$extra": {"note_attributes": notes, "landing_site": "/?xutm_source=no"}})
    assert (order["utm_source"], order["utm_medium"]) == (None, "email")


@pytest.mark.parametrize(
    ("codes", "expected"),
    [(["A", "B"], ["A", "B"]), ("A", ["A"]), ([{"code": "A", "amount": "1"}], ["A"]), ("[odd", ["[odd"]), (None, [])],
)
def test_lists_of_texts(codes, expected):
    assert one({"$event_id": "1", "Discount Codes": codes})[0]["discount_codes"] == expected


def test_names_differ_by_case_only_and_stay_apart():
    order, _ = one({"$event_id": "1", "currency": "USD", "Currency": "", "Tax": "1", "tax": "2"})
    assert (order["currency"], order["tax"]) == ("USD", Decimal(1))


def test_shipping_is_the_sum_of_its_lines_where_no_total_is_given():
    order, _ = one({"$event_id": "1", "$extra": {"shipping_lines": [{"price": "4.50"}, {"price": "1,000.25"}]}})
    assert order["shipping"] == Decimal("1004.75")


def test_a_name_in_several_languages():
    _, items = one(
        {
            "$event_id": "1",
            "lineItems": [
                {"productId": "x", "name": {"en": "Cup"}, "quantity": 1, "price": {"value": {"centAmount": 250}}}
            ],
        }
    )
    assert (items[0]["name"], items[0]["price"]) == ("Cup", Decimal("2.5"))


def test_columns_are_those_of_the_declaration():
    chunk, _ = parse(event(API))
    for dataset in ALL:
        assert chunk.rows[dataset.name].schema.names is not None
        assert set(chunk.rows[dataset.name].schema.names) == {c.name for c in dataset.columns}


def test_an_empty_page_has_all_tables():
    chunk, rows = parse()
    assert rows == {"events": [], "orders": [], "order_items": []}
    assert not chunk.refused


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"data":[{"id":"a"', b"\xff\xfe"])
def test_broken_json_may_be_asked_for_again(body):
    with pytest.raises(SourceUnavailable):
        read_page(WORKER, body)


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b'{"data":{},"links":{}}', b'{"data":[]}', b'{"data":[{"type":"event"}],"links":{}}', b'"x"']
)
def test_a_shape_that_is_no_page_is_an_error_and_never_empty(body):
    with pytest.raises(SourceChanged):
        read_page(WORKER, body)


NASTY = [
    None, True, "", " ", "%FF%", "a\u0000b", "[", "{", "[1,", '["x', "[{x", '[{"price":1', "{}", [], {}, [[]], [{}], [None], {"": None}, -1, 1e300, 10**30, "1e999999999", "infinity",
    "-infinity", "NaN", "/?utm_source=%FF&utm_medium=%", "🦢" * 3, "x" * 5000, ["%"], [{"price": "1e17"}] * 3, {"amount": []}, {"centAmount": 1, "fractionDigits": -4},
]  # fmt: skip
PLACES = sorted(
    {p for table in (aliases.MONEY, aliases.TEXT, aliases.TEXTS, aliases.ADDRESS) for ps in table.values() for p in ps}
    | {*aliases.ITEMS, *aliases.LANDING, aliases.NOTES, "/$extra/shipping_lines", "/$extra", "/utm_source"}
)
ITEM_PLACES = sorted(
    {p for table in (aliases.ITEM_TEXT, aliases.ITEM_MONEY, aliases.ITEM_TEXTS) for ps in table.values() for p in ps}
)


def put(tree, pointer, value):
    """Set what a JSON pointer names."""
    *path, last = pointer.strip("/").split("/")
    for name in path:
        tree = tree.setdefault(name, {})
    tree[last] = value


@pytest.mark.parametrize("value", NASTY, ids=lambda v: repr(v)[:20])
def test_no_value_anywhere_breaks_a_page(value):
    events = []
    for number, place in enumerate([*PLACES, *ITEM_PLACES]):
        properties = {"$event_id": "1"}
        if place in PLACES:
            put(properties, place, value)
        else:
            item = {}
            put(item, place, value)
            properties["Items"] = [item]
        events.append(event(properties, number=number))
    chunk, rows = parse(*events)
    assert len(rows["events"]) == len(events) == len(rows["orders"]) + len(chunk.refused)


@pytest.mark.parametrize("value", NASTY, ids=lambda v: repr(v)[:20])
def test_no_attribute_breaks_a_page(value):
    chunk, rows = parse(event(value), event(API, datetime=value, timestamp=value), event(API, uuid=value, number=3))
    assert len(rows["events"]) == 3
    assert len(rows["orders"]) + len(chunk.refused) == 3
