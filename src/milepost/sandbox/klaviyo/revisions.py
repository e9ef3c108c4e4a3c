"""The API's dated revisions: which are live at an instant, what an old one falls forward to, and what each changed."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from milepost.sandbox.klaviyo.errors import gone, invalid

PUBLISHED = (
    "2023-10-15", "2024-02-15", "2024-05-15", "2024-07-15", "2024-10-15", "2025-01-15", "2025-04-15", "2025-07-15",
    "2025-10-15", "2026-01-15", "2026-04-15", "2026-07-15", "2026-10-15",
)  # fmt: skip
DEFINITIONS = "2025-01-15"  # message content moved under `definition`
TEMPLATES_LARGE = "2025-10-15"
PAGED_EVENTS = "2026-01-15"  # page[size] on events; the large tier grew from 700 to 750 a minute
METRIC_LISTS = "2026-04-15"  # has(metric), lists in equals(metric_id), page[size] of campaigns
ORPHANS = "2026-07-15"  # events whose metric is gone are returned
OMNI = "2026-10-15"  # campaigns over all channels
_YEARS_LIVE = 2
_FORM = re.compile(r"\d{4}-\d\d-\d\d(\.pre)?$")


def resolve(revision: str | None, now: int, *, opt_out: bool) -> str:
    """The revision that answers. Raises 400 without a usable header, 410 for a retired one when `opt_out` is set."""
    if revision is None:
        raise invalid("A revision header is required. Example: 'revision: 2026-07-15'.", pointer="/data/")
    if not _FORM.match(revision):
        raise invalid(f"'{revision}' is not a valid API revision.")
    today = datetime.fromtimestamp(now, UTC).date()
    live = [r for r in PUBLISHED if _alive(r, today)] or [PUBLISHED[-1]]
    wanted = revision.removesuffix(".pre")
    if wanted < live[0]:
        if opt_out:
            raise gone(f"Revision {revision} has been retired. The oldest available revision is {live[0]}.")
        return live[0]
    return max(r for r in PUBLISHED if r <= wanted)


def _alive(revision: str, today: date) -> bool:
    born = date.fromisoformat(revision)
    return today < born.replace(year=born.year + _YEARS_LIVE)
