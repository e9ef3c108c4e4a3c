"""Shopify's order: titles as strings, the raw order under `$extra`, UTM parameters only inside the landing site."""

from __future__ import annotations

from milepost.sandbox.klaviyo.payloads.order import (
    NUMBER_BASE,
    ORDER_BASE,
    Encoder,
    Order,
    Setting,
    code_json,
    collections,
    money,
)
from milepost.sandbox.shop.catalogue import Item
from milepost.sandbox.shop.orders import CODES

_BODY = (
    b'{"$event_id":"%d","$value":%b,"$currency_code":"%b","Item Count":%d,"Items":[%b],"Collections":%b,"tags":%b,'
    b'"Discount Codes":[%b],"Total Discounts":"%b","Source Name":"web","Shipping Rate":"Standard",'
    b'"Customer Locale":"en-US","FulfillmentStatus":"unfulfilled","FulfillmentHours":0,'
    b'"HasPartialFulfillments":false,"OptInPromotional":true,"$extra":{"id":%d,"order_number":%d,"name":"#%d",'
    b'"email":"%b","currency":"%b","presentment_currency":"%b","subtotal_price":"%b","total_price":"%b",'
    b'"total_tax":"%b","total_discounts":"%b","total_shipping_price_set":{"shop_money":{"amount":"%b",'
    b'"currency_code":"%b"}},"shipping_lines":[{"title":"Standard","price":"%b"}],"discount_codes":[%b],'
    b'"landing_site":"/%b","full_landing_site":"https://shop.example/%b","referring_site":"","created_at":"%b",'
    b'"billing_address":%b,"shipping_address":%b,"customer":{"id":%d,"email":"%b","first_name":"%b","last_name":"%b",'
    b'"orders_count":%d},"line_items":[%b]}}'
)
_ADDRESS = (
    '{"first_name":"%s","last_name":"%s","address1":"%s","address2":null,"city":"%s","province":"%s",'
    '"province_code":"%s","country":"%s","country_code":"%s","zip":"%s","phone":%s}'
)
_LINE = (
    '{"id":%%d,"product_id":%d,"variant_id":%d,"sku":"%s","title":"%s","variant_title":"%s","vendor":"%s",'
    '"quantity":%%d,"price":"%s","line_price":"%%b","total_discount":"0.00","taxable":true,"product":{"id":%d,'
    '"title":"%s","tags":"%s","variant":{"id":%d,"sku":"%s","title":"%s","options":{"Title":"%s"}},%s}}'
)
_IMAGE = '"images":[{"id":%d,"src":"https://cdn.example/p/%d.jpg","thumb_src":"https://cdn.example/p/%d_small.jpg"}]'
_BULK = ',"body_html":"' + "<p>Made in small numbers, sent in recycled paper.</p>" * 20 + '"'


def _line(item: Item, full: bool) -> bytes:
    image = _IMAGE % (item.product_id, item.product_id, item.product_id)
    price = money(item.price).decode()
    values = (item.product_id, item.variant_id, item.sku, item.title, item.variant, item.vendor, price, item.product_id)
    values_2 = (item.title, ", ".join(item.tags), item.variant_id, item.sku, item.variant, item.variant)
    return (_LINE % (*values, *values_2, image + (_BULK if full else ""))).encode()


def _address(order: Order) -> bytes:
    who, place = order.person, order.person.place
    phone = f'"{who.phone}"' if who.phone else "null"
    named = (who.first, who.last, who.street, place[0], place[1], place[2], place[3], place[4], place[5], phone)
    return (_ADDRESS % named).encode()


def _discount(order: Order) -> bytes:
    if not order.code:
        return b""
    return b'{"code":"%b","amount":"%b","type":"percentage"}' % (CODES[order.code].encode(), money(order.discount))


def encoder(setting: Setting) -> Encoder:
    """Event properties of a Shopify order."""
    items, currency = setting.items, setting.currency.encode()
    lines = [_line(item, setting.full) for item in items]
    titles = [f'"{item.title}"'.encode() for item in items]
    prices = [item.price for item in items]

    def encode(order: Order) -> bytes:
        number = ORDER_BASE + order.row
        who = order.person
        email, total, off = who.email.encode(), money(order.total), money(order.discount)
        ship, site = money(order.shipping), b"?" + order.cause if order.cause else b""
        address = _address(order)
        head = (number, total, currency, sum(q for _, q in order.lines), b",".join([titles[i] for i, _ in order.lines]))
        tags = b'["vip"]' if who.number % 9 == 0 else b"[]"
        sold = b",".join(
            [lines[i] % (number * 10 + at, q, money(prices[i] * q)) for at, (i, q) in enumerate(order.lines)]
        )
        name = NUMBER_BASE + order.row
        return _BODY % (
            *head, collections(order.lines, items), tags, code_json(order.code), off, number, name, name, email,
            currency, currency, money(order.subtotal), total, money(order.tax), off, ship, currency, ship,
            _discount(order), site, site, order.when, address, address, 9_000_000 + who.number, email,
            who.first.encode(), who.last.encode(), 1 + who.number % 7, sold,
        )  # fmt: skip

    return encode
