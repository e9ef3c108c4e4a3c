"""Milepost keeps a marketing team's data: pulls it, remembers every version of it, and delivers it."""

from __future__ import annotations

__version__ = "0.1.0"
__all__ = ["__version__"]
