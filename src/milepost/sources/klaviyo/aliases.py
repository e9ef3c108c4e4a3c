"""The names under which shops write an order into an event's properties, as data; how they are read is in `orders_sql`.

Every entry is a list of JSON pointers, the most trustworthy first (contracts/klaviyo.md 1.7): the first one that holds
something wins. A name that a shop spells in a new way is added here and nowhere else.
"""

from __future__ import annotations

from types import MappingProxyType

# Klaviyo sums `$value`, so nothing else may stand for it: the totals of a day would never agree.
MONEY = MappingProxyType(
    {
        "value": ("/$value",),
        "subtotal": (
            "/Subtotal",
            "/SubTotal",
            "/subtotal",
            "/$extra/subtotal_price",
            "/$extra/SubTotal",
            "/$extra/subtotal",
        ),
        "shipping": (
            "/Shipping",
            "/ShippingCost",
            "/ShippingTotal",
            "/shipping",
            "/$extra/total_shipping_price_set/shop_money/amount",
            "/$extra/ShippingTotal",
            "/$extra/shipping_amount",
        ),
        "tax": ("/Tax", "/TaxTotal", "/tax", "/$extra/total_tax", "/$extra/TaxTotal", "/$extra/tax_amount"),
        "discount_value": (
            "/Total Discounts",
            "/DiscountValue",
            "/Discount Value",
            "/discount",
            "/$extra/total_discounts",
            "/$extra/discount_amount",
        ),
    }
)
# Lines of a list whose prices are added where no total is given.
MONEY_LINES = MappingProxyType({"shipping": ("/$extra/shipping_lines", "price")})

TEXT = MappingProxyType(
    {
        "order_id": ("/OrderId", "/order_id", "/$order_id", "/OrderNumber", "/$event_id"),
        "currency": (
            "/$value_currency",
            "/$currency_code",
            "/Currency",
            "/Currency Code",
            "/currency",
            "/$extra/currency",
        ),
        "item_count": ("/Item Count", "/ItemCount", "/item_count"),
        "email": ("/$email", "/Email", "/email", "/$extra/email"),
        "phone": ("/$phone_number", "/Phone", "/phone", "/$extra/phone"),
        "source": ("/Source Name", "/SourceName", "/$extra/source_name", "/source"),
    }
)
TEXTS = MappingProxyType(
    {
        "categories": ("/Categories", "/Collections", "/Item Categories", "/categories"),
        "brands": ("/Brands", "/Brand", "/Vendor", "/brands"),
        "discount_codes": (
            "/Discount Codes",
            "/DiscountCodes",
            "/DiscountCode",
            "/Discount Code",
            "/coupon",
            "/$extra/discount_codes",
        ),
    }
)
ADDRESS = MappingProxyType(
    {
        "billing_address": ("/BillingAddress", "/billing_address", "/$extra/billing_address", "/$extra/BillingAddress"),
        "shipping_address": (
            "/ShippingAddress",
            "/shipping_address",
            "/$extra/shipping_address",
            "/$extra/ShippingAddress",
        ),
    }
)
ITEMS = ("/Items", "/$extra/line_items", "/products", "/line_items", "/$extra/Items", "/lineItems", "/ItemNames")

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
LANDING = ("/$extra/full_landing_site", "/$extra/landing_site", "/landing_site", "/utm/query")
NOTES = "/$extra/note_attributes"
# Before revision 2024-02-15 the attribution stood inside the event.
INLINE_ATTRIBUTION = MappingProxyType({"message": "/$attribution/$message", "flow": "/$attribution/$flow"})

ITEM_TEXT = MappingProxyType(
    {
        "product_id": ("/ProductID", "/ProductId", "/product_id", "/productId", "/product/id"),
        "sku": ("/SKU", "/Sku", "/sku", "/variant/sku"),
        "name": ("/ProductName", "/Product Name", "/Name", "/name", "/title"),
        "brand": ("/Brand", "/brand", "/Vendor", "/vendor", "/product/attributes/manufacturer"),
    }
)
ITEM_MONEY = MappingProxyType(
    {
        "quantity": ("/Quantity", "/quantity", "/qty_ordered", "/qty"),
        "price": ("/ItemPrice", "/Price", "/price", "/unit_price"),
        "row_total": ("/RowTotal", "/row_total", "/line_price", "/Total", "/LineTotal", "/totalPrice", "/SubTotal"),
    }
)
ITEM_TEXTS = MappingProxyType(
    {"categories": ("/Categories", "/categories", "/Collections", "/Category", "/category", "/Item Categories")}
)
