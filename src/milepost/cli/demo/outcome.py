"""What a step of the demo did, in figures: the rows of the summary table. How they are shown is the verb's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line of the summary. `verified` and `mismatches` count days or tables; None where nothing is compared."""

    step: str
    rows: int
    seconds: float
    verified: int | None = None
    mismatches: int | None = None
    unit: str = ""

    def as_dict(self) -> dict[str, object]:
        """The line as one record."""
        speed = round(self.rows / self.seconds) if self.seconds > 0 else None
        return {
            "step": self.step,
            "rows": self.rows,
            "seconds": round(self.seconds, 3),
            "rows_per_second": speed,
            "verified": self.verified,
            "mismatches": self.mismatches,
            "unit": self.unit,
        }
