"""What the verbs `export`, `report` and `sample` ask of the composition root: rows to files, raw rows to a report."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast
from zoneinfo import ZoneInfo

from milepost.ports import ArrowStream

if TYPE_CHECKING:
    import pyarrow as pa

    from milepost.wiring import Wiring


class Written(Protocol):
    """A finished file."""

    @property
    def path(self) -> Path:
        """Where it is."""
        ...

    @property
    def rows(self) -> int:
        """Its rows."""
        ...

    @property
    def bytes(self) -> int:
        """Its size."""
        ...


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


class Outlets(Protocol):
    """The part of the wiring that leads out of the store."""

    def write_file(self, rows: ArrowStream, path: Path, form: str | None = None) -> Written:
        """Write the whole file or none. Raises UsageFault, StoreUnwritable."""
        ...

    def map_report(self, source: str, rows: pa.Table, *, client: str, zone: ZoneInfo) -> Mapped:
        """Map the raw rows of a source to the reporting schema. Raises UnknownName."""
        ...

    def sample_report(self, rows: int, *, seed: int, start: date, days: int) -> pa.Table:
        """Plausible campaign rows. Raises RangeInvalid."""
        ...


def outlets(wiring: Wiring) -> Outlets:
    """The outlets of an installation."""
    return cast("Outlets", wiring)
