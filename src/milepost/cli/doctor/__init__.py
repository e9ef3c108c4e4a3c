"""The checks of `milepost doctor`: each yields findings, changes nothing, and never ends the others."""

from __future__ import annotations

from milepost.cli.doctor.finding import Finding, State, examine

__all__ = ["Finding", "State", "examine"]
