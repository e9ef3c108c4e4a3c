"""Where secrets come from: a client's Klaviyo key, a database's address. Never logged, never stored, never in an error."""

from __future__ import annotations

from milepost.secrets.env import EnvSecrets, Secrets, redact

__all__ = ["EnvSecrets", "Secrets", "redact"]
