"""The ecosystem of someone who wrote none, derived from what is set, and the file that `milepost init` writes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from milepost.milestoning import Milestoning
from milepost.model.ecosystem import Datastore, Ecosystem, KlaviyoOptions, Platform, PostgresOptions

_SINGLE_CLIENT = "default"  # whose key is KLAVIYO_API_KEY; see milepost.settings
_PLATFORMS = (Platform("live", Milestoning.LIVE), Platform("forensic", Milestoning.FORENSIC))
_HEAD = """\
# What Milepost reads, and how it is kept. Every fault in here is shown with its line: milepost doctor

platforms: # live keeps the newest version of each row, forensic every version that ever was
"""
_EXAMPLES = """\
  # A PostgreSQL database. Without datasets every table is read; without dsn_env it is the one of PG_HOST, PG_DB, …
  # customer_db:
  #   source: postgres
  #   dsn_env: CUSTOMER_DB_DSN # the variable that holds postgresql://user:password@host:5432/database
  #   schema: public
  #   datasets:
  #     customers:
  #     orders:
  #       columns: [id, customer_id, total, updated_at]
  #       where: "total > 0"
  #       key: [id]
  #       read_mode: incremental # snapshot (default), incremental, append
  #       cursor: updated_at
  #
  # A Klaviyo account. Its key is in KLAVIYO_API_KEY_NORTH_SHOP
  # north-shop:
  #   source: klaviyo
  #   client: north-shop
"""


def default_ecosystem(clients: Iterable[str] = (), database: str | None = None) -> Ecosystem:
    """Platforms `live` and `forensic`; a datastore for each Klaviyo client (by slug) and one for the PG_* database.

    A datastore has its client's or its database's name; that of the single client is `klaviyo`.
    """
    datastores = [
        Datastore("klaviyo" if client == _SINGLE_CLIENT else client, KlaviyoOptions(client))
        for client in sorted(clients)
    ]
    if database:
        name = re.sub(r"[^A-Za-z0-9_-]+", "_", database).lstrip("_-")[:50] or "database"
        taken = {datastore.name.casefold() for datastore in datastores}
        datastores.append(Datastore(f"{name}-postgres" if name.casefold() in taken else name, PostgresOptions()))
    return Ecosystem(_PLATFORMS, tuple(datastores))


def starter_text(ecosystem: Ecosystem) -> str:
    """A commented file that declares `ecosystem` (datasets left out), with examples of what else it can say."""
    lines = [f"  {platform.name}:\n    milestoning: {platform.milestoning.value}\n" for platform in ecosystem.platforms]
    lines.append("\ndatastores: # the systems that are read\n")
    for datastore in ecosystem.datastores:
        lines.append(f"  {_quoted(datastore.name)}:\n    source: {datastore.source}\n")
        if isinstance(datastore.options, KlaviyoOptions):
            lines.append(f"    client: {_quoted(datastore.options.client)}\n")
        elif datastore.options.dsn_env:
            lines.append(f"    dsn_env: {datastore.options.dsn_env}\n")
    return _HEAD + "".join(lines) + _EXAMPLES


def _quoted(name: str) -> str:
    """YAML reads `no`, `1e3` and `12` as something other than a name: those are quoted."""
    return name if re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name) and name.lower() not in _WORDS else f'"{name}"'


_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
