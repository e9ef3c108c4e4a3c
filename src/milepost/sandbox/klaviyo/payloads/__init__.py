"""How each shop system writes an order into Klaviyo's event properties; one file per shape, all with `encoder(...)`."""

from __future__ import annotations

from collections.abc import Callable

from milepost.sandbox.klaviyo.payloads import generic, magento, shopify, woocommerce
from milepost.sandbox.klaviyo.payloads.order import Encoder, Setting
from milepost.sandbox.shop.spec import Shop

ENCODERS: dict[Shop, Callable[[Setting], Encoder]] = {
    "shopify": shopify.encoder,
    "woocommerce": woocommerce.encoder,
    "magento": magento.encoder,
    "api": generic.encoder,
}

__all__ = ["ENCODERS", "Encoder", "Setting"]
