"""Magento 2's order: value without tax, titled keys, line items with four-decimal text, and its store as the source."""

from __future__ import annotations

from milepost.sandbox.klaviyo.payloads.order import Encoder, Order, Setting, code_json, collections, grouped, money
from milepost.sandbox.shop.catalogue import Item

_BODY = (
    b'{"$event_id":"%09d","$value":%b,"Items":[%b],"Item Categories":%b,"Item Count":%d,"Currency Code":"%b",'
    b'"Discount Codes":[%b]%b,"Source Name":"Default Store View","Status":"%b","$extra":{"increment_id":"%09d",'
    b'"created_at":"%b","subtotal":"%b","discount_amount":"-%b","shipping_amount":"%b","tax_amount":"%b",'
    b'"grand_total":"%b","order_currency_code":"%b","billing_address":%b,"shipping_address":%b,"line_items":[%b]}}'
)
_ADDRESS = (
    '{"firstname":"%s","lastname":"%s","street":["%s"],"city":"%s","region":"%s","region_code":"%s",'
    '"country_id":"%s","postcode":"%s","telephone":%s,"email":"%s"}'
)
_ITEM = (
    '{"item_id":%%d,"product":{"id":"%d","sku":"%s","name":"%s","url":"https://shop.example/%d.html",'
    '"images":[{"src":"https://cdn.example/p/%d.jpg"}],"attributes":{"manufacturer":"%s","size":"%s"}},'
    '"product_id":"%d","sku":"%s","name":"%s","categories":%s,"quantity":"%%d.0000","price":"%s00","row_total":"%%b00",'
    '"discount_amount":"0.0000","weight":"1.0000","is_virtual":"0","product_type":"simple"}'
)


def _item(item: Item) -> bytes:
    categories = "[" + ",".join(f'"{c}"' for c in item.collections) + "]"
    product = (item.product_id, item.sku, item.title, item.product_id, item.product_id, item.vendor, item.variant)
    price = money(item.price).decode()
    return (_ITEM % (*product, item.product_id, item.sku, item.title, categories, price)).encode()


def _address(order: Order) -> bytes:
    who, place = order.person, order.person.place
    phone = f'"{who.phone}"' if who.phone else "null"
    values = (who.first, who.last, who.street, place[0], place[1], place[2], place[4], place[5])
    return (_ADDRESS % (*values, phone, who.email)).encode()


def encoder(setting: Setting) -> Encoder:
    """Event properties of a Magento order."""
    items, currency = setting.items, setting.currency.encode()
    lines = [_item(item) for item in items]
    names = [f'"{item.title}"'.encode() for item in items]

    def encode(order: Order) -> bytes:
        number = 100_000_000 + order.row
        address = _address(order)
        off = b',"Discount Value":"%b"' % grouped(order.discount) if order.code else b""
        sold = b",".join(
            [lines[i] % (order.row * 8 + at, q, money(items[i].price * q)) for at, (i, q) in enumerate(order.lines)]
        )
        return _BODY % (
            number, money(order.total - order.tax), b",".join([names[i] for i, _ in order.lines]),
            collections(order.lines, items), sum(q for _, q in order.lines), currency, code_json(order.code), off,
            b"complete" if order.row % 4 else b"processing", number, order.when, grouped(order.subtotal),
            money(order.discount), money(order.shipping), money(order.tax), grouped(order.total), currency, address,
            address, sold,
        )  # fmt: skip

    return encode
