"""How rows leave Milepost: files now, mail and object stores later. What the rows mean is not decided here."""

from __future__ import annotations

from milepost.delivery.files import FORMATS, Written, format_of, write

__all__ = ["FORMATS", "Written", "format_of", "write"]
