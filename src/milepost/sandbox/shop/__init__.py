"""A seeded generator of plausible shops: catalogue, people, seasons, campaigns and orders; no vendor's format."""

from __future__ import annotations

from milepost.sandbox.shop.spec import AccountSpec

__all__ = ["AccountSpec"]
