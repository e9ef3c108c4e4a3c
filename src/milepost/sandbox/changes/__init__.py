"""The change simulator behind `milepost simulate changes` (M3); parsing options and printing belong to the cli."""

from __future__ import annotations

from milepost.sandbox.changes.figures import ChangeFigures
from milepost.sandbox.changes.population import ChangeKind
from milepost.sandbox.changes.simulator import ChangeSimulator

__all__ = ["ChangeFigures", "ChangeKind", "ChangeSimulator"]
