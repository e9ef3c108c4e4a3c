"""The campaign report of a client: which stored rows it is made of. Their mapping is the reporting's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from milepost.cli.rows import read
from milepost.errors import UnknownName

if TYPE_CHECKING:
    import pyarrow as pa

    from milepost.cli.backfilling import Target
    from milepost.wiring import Wiring

_NEEDED = ("accounts", "campaigns", "campaign_messages", "campaign_values")
# {0} is the pipeline's schema, whose name the ecosystem allows letters, digits, - and _ only.
_ZONE = 'SELECT timezone FROM "{0}".accounts'
_RAW = """
SELECT v.*, c.name AS campaign_name, c.send_time, m.subject AS subject_line, c.included_ids AS list_id,
  (SELECT any_value(currency) FROM "{0}".accounts) AS currency
FROM "{0}".campaign_values AS v
LEFT JOIN "{0}".campaigns AS c ON c.id = v.campaign_id
LEFT JOIN "{0}".campaign_messages AS m ON m.id = v.campaign_message_id
ORDER BY c.send_time, v.campaign_id, v.campaign_message_id
"""


class Mapped(Protocol):
    """Raw rows as rows of the reporting schema, and those that could not be read."""

    @property
    def rows(self) -> pa.Table:
        """The report."""
        ...

    @property
    def refused(self) -> pa.Table:
        """Refused rows with their reason."""
        ...


def campaign_report(wiring: Wiring, aim: Target) -> Mapped:
    """The client's campaigns as rows of the reporting schema. Raises UnknownName where they were never read."""
    known = wiring.store.checkpoint(aim.pipeline).datasets
    missing = [name for name in _NEEDED if name not in known]
    if missing:
        raise UnknownName(
            f"the report of {aim.client} needs datasets that were never read: {', '.join(missing)}",
            hint=f"milepost backfill start {aim.client} --no-orders",
        )
    schema = f"{aim.pipeline.platform}__{aim.pipeline.datastore}"
    with wiring.store.query(_ZONE.format(schema)) as answer:
        zones = read(answer, None).rows
    zone = ZoneInfo(str(zones[0][0])) if zones else wiring.settings.default_timezone
    with wiring.store.query(_RAW.format(schema)) as answer:
        import pyarrow as pa

        raw = pa.table(answer)
    return wiring.map_report("klaviyo", raw, client=aim.client, zone=zone)
