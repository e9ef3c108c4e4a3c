"""WooCommerce's order: money as grouped text, items and totals under `$extra`, some keys left out at times."""

from __future__ import annotations

from milepost.sandbox.klaviyo.payloads.order import (
    NUMBER_BASE,
    Encoder,
    Order,
    Setting,
    collections,
    grouped,
    money,
    strings,
)
from milepost.sandbox.shop.catalogue import Item
from milepost.sandbox.shop.orders import CODES

_BODY = (
    b'{"$event_id":"%d","$value":%b,"Categories":%b,"ItemNames":[%b],"Currency":"%b","CurrencySymbol":"$",%b'
    b'"Item Count":%d,"OrderNumber":"%d","Payment Method":"card"%b,"$extra":{"Items":[%b],"SubTotal":"%b",'
    b'"ShippingTotal":"%b","TaxTotal":"%b","GrandTotal":"%b","CartRebuildKey":"%016x","PlacedAt":"%b",'
    b'"BillingAddress":%b,"ShippingAddress":%b}}'
)
_ADDRESS = (
    '{"FirstName":"%s","LastName":"%s","Company":"","Address1":"%s","Address2":"","City":"%s","Region":"%s",'
    '"RegionCode":"%s","Country":"%s","CountryCode":"%s","Zip":"%s","Phone":"%s","Email":"%s"}'
)
_ITEM = (
    '{"ProductID":%d,"SKU":"%s","Name":"%s","Quantity":%%d,"Price":"%s","SubTotal":"%%b","Total":"%%b",'
    '"TotalWithTax":"%%b","Tax":"%%b","Categories":%s,"Images":[{"URL":"https://cdn.example/p/%d.jpg","Alt":"%s"}],'
    '"URL":"https://shop.example/product/%d","Variant":{"attribute_size":"%s"},"VariantID":%d,"Brand":"%s",'
    '"ShortDescription":"Made in small numbers, sent in recycled paper."}'
)


def _item(item: Item) -> bytes:
    price = grouped(item.price).decode()
    values = (item.product_id, item.sku, item.title, price, strings(item.collections).decode(), item.product_id)
    return (_ITEM % (*values, item.title, item.product_id, item.variant, item.variant_id, item.vendor)).encode()


def _address(order: Order) -> bytes:
    who, place = order.person, order.person.place
    values = (who.first, who.last, who.street, place[0], place[1], place[2], place[3], place[4], place[5])
    return (_ADDRESS % (*values, who.phone or "", who.email)).encode()


def _discount(order: Order) -> bytes:
    if not order.code:
        return b""
    return b'"Discount Code":"%b","Discount Value":"%b",' % (CODES[order.code].encode(), grouped(order.discount))


def encoder(setting: Setting) -> Encoder:
    """Event properties of a WooCommerce order."""
    items, currency = setting.items, setting.currency.encode()
    lines = [_item(item) for item in items]
    names = [f'"{item.title}"'.encode() for item in items]

    def line(number: int, quantity: int) -> bytes:
        price = items[number].price * quantity
        tax = round(price * 0.07)
        return lines[number] % (quantity, grouped(price), grouped(price), grouped(price + tax), grouped(tax))

    def encode(order: Order) -> bytes:
        number = NUMBER_BASE + order.row
        address = _address(order)
        method = b',"Shipping Method":"Flat rate"' if order.row % 5 else b""
        sold = b",".join([line(i, q) for i, q in order.lines])
        return _BODY % (
            number, money(order.total), collections(order.lines, items), b",".join([names[i] for i, _ in order.lines]),
            currency, _discount(order), sum(q for _, q in order.lines), number, method, sold, grouped(order.subtotal),
            grouped(order.shipping), grouped(order.tax), grouped(order.total), order.row, order.when, address, address,
        )  # fmt: skip

    return encode
