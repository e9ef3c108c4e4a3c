"""The order of a shop that calls the events API itself: items as objects, and keys that come and go."""

from __future__ import annotations

from milepost.sandbox.klaviyo.payloads.order import Encoder, Order, Setting, collections, money, strings
from milepost.sandbox.shop.catalogue import Item
from milepost.sandbox.shop.orders import CODES

_BODY = (
    b'{"OrderId":"%d","Categories":%b,"ItemNames":[%b],%b%b"Items":[%b],"Shipping":"%b","Tax":%b,"SubTotal":%b,'
    b'"BillingAddress":%b,"ShippingAddress":%b,"utm":{"query":"%b"},"$event_id":"%d","$value":%b%b}'
)
_ADDRESS = (
    '{"FirstName":"%s","LastName":"%s","Company":"","Address1":"%s","Address2":"","City":"%s","Region":"%s",'
    '"RegionCode":"%s","Country":"%s","CountryCode":"%s","Zip":"%s","Phone":"%s"}'
)
_ITEM = (
    '{"ProductID":"%d","SKU":"%s","ProductName":"%s","Quantity":%%d,"ItemPrice":%s,"RowTotal":%%b,'
    '"ProductURL":"https://shop.example/products/%d","ImageURL":"https://cdn.example/p/%d.jpg","Categories":%s,'
    '"Brand":"%s","Variant":"%s"}'
)


def _item(item: Item) -> bytes:
    price, groups = money(item.price).decode(), strings(item.collections).decode()
    values = (item.variant_id, item.sku, item.title, price, item.product_id, item.product_id, groups)
    return (_ITEM % (*values, item.vendor, item.variant)).encode()


def _address(order: Order) -> bytes:
    who, place = order.person, order.person.place
    values = (who.first, who.last, who.street, place[0], place[1], place[2], place[3], place[4], place[5])
    return (_ADDRESS % (*values, who.phone or "")).encode()


def encoder(setting: Setting) -> Encoder:
    """Event properties of an order sent through the API."""
    items, currency = setting.items, f',"$currency_code":"{setting.currency}"'.encode()
    lines = [_item(item) for item in items]
    names = [f'"{item.title}"'.encode() for item in items]

    def encode(order: Order) -> bytes:
        brands = strings(tuple(dict.fromkeys(items[i].vendor for i, _ in order.lines)))
        code = CODES[order.code].encode()
        off = b'"DiscountCode":"%b","DiscountValue":%b,' % (code, money(order.discount)) if order.code else b""
        address = _address(order)
        return _BODY % (
            order.row + 1, collections(order.lines, items), b",".join([names[i] for i, _ in order.lines]), off,
            b'"Brands":%b,' % brands if order.row % 6 else b"",
            b",".join([lines[i] % (q, money(items[i].price * q)) for i, q in order.lines]), money(order.shipping),
            money(order.tax), money(order.subtotal), address, address, order.cause, order.row + 1, money(order.total),
            currency if order.row % 7 else b"",
        )  # fmt: skip

    return encode
