"""How a platform keeps rows: live or forensic; the system columns; what must hold of a history."""

from __future__ import annotations

from enum import Enum

BATCH_IN = "_batch_in"
BATCH_OUT = "_batch_out"
VALID_FROM = "_valid_from"
VALID_TO = "_valid_to"
OCCURRENCE = "_occurrence"  # numbers equal rows of a keyless dataset: 1, 2, …
SYSTEM_COLUMNS = (BATCH_IN, BATCH_OUT, VALID_FROM, VALID_TO, OCCURRENCE)

OPEN_BATCH = 2**63 - 1  # `_batch_out` of a version that is still true


class Milestoning(Enum):
    """LIVE keeps the newest version of each row; FORENSIC keeps every version that ever was.

    Keeps, for any history: a key has at most one open version; versions of a key never overlap in
    `[_batch_in, _batch_out)`; a closed version never changes again; live equals forensic filtered to open versions.
    """

    LIVE = "live"
    FORENSIC = "forensic"
