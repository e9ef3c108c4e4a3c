"""A real PostgreSQL for the demo and the tests, run from the wheel; no production store lives here."""

from __future__ import annotations

from milepost.sandbox.postgres.programs import SandboxUnavailable
from milepost.sandbox.postgres.server import PostgresServer

__all__ = ["PostgresServer", "SandboxUnavailable"]
