"""What the user declares: platforms, datastores, datasets. Plain values; nothing here reads data or opens a store."""

from __future__ import annotations
