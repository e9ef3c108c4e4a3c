"""What a marketing report is made of: its one schema, the names each source has for it, and sample rows. Not where it goes."""

from __future__ import annotations
