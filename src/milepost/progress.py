"""Progress as state: a backfill, its days, and the status document that the command line, the API and the page show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum

from milepost.batch import Pipeline


class DayState(Enum):
    """What became of one day of one stream."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"


class Verdict(Enum):
    """What reconciling a completed day with the source's own totals said."""

    NONE = ""
    VERIFIED = "verified"
    MISMATCHED = "mismatched"


@dataclass(frozen=True, slots=True)
class DayRecord:
    """One day of one stream: rows and value as stored, bytes as read, and the source's own totals where compared."""

    stream: str
    day: date
    state: DayState = DayState.PENDING
    rows: int = 0
    value: Decimal = Decimal(0)
    bytes: int = 0
    attempts: int = 0
    error: str = ""
    verdict: Verdict = Verdict.NONE
    source_rows: int | None = None
    source_value: Decimal | None = None


class BackfillStatus(Enum):
    """What became of a backfill."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class BackfillRecord:
    """One backfill of a client into a platform: the days `start` to `end`, both included, in the account's time zone."""

    pipeline: Pipeline
    backfill_id: str
    status: BackfillStatus
    start: date
    end: date
    started_at: datetime
    finished_at: datetime | None = None
    error: str = ""
    include_orders: bool = True


def status_document(record: BackfillRecord, days: Sequence[DayRecord], counts: dict[str, int]) -> dict[str, object]:
    """The status document of contracts/ours.md. `counts`: rows stored by dataset (campaigns, flows, orders).

    `progress` is 0..100 and reaches 100 only when no day is left.
    """
    days = [d for d in days if record.start <= d.day <= record.end]  # those of an earlier, longer range are not its own
    done = [d for d in days if d.state is DayState.COMPLETED]
    total = len(days)
    progress = 100.0 if total == len(done) else min(99.9, round(100 * len(done) / total, 1))
    if not total:
        progress = 100.0 if record.status is BackfillStatus.COMPLETED else 0.0
    finished = record.finished_at.isoformat() if record.finished_at else None
    return {
        "client_id": record.pipeline.datastore,
        "status": record.status.value,
        "start_date": record.start.isoformat(),
        "end_date": record.end.isoformat(),
        "started_at": record.started_at.isoformat(),
        "completed_at": finished if record.status is BackfillStatus.COMPLETED else None,
        "failed_at": finished if record.status is BackfillStatus.FAILED else None,
        "error": record.error or None,
        "progress": progress,
        "total_days": total,
        "days_processed": len(done),
        "days_failed": sum(d.state is DayState.FAILED for d in days),
        "last_processed_date": max((d.day for d in done), default=None),
        "campaigns_synced": counts.get("campaigns", 0),
        "flows_synced": counts.get("flows", 0),
        "orders_synced": sum(d.rows for d in done),
        "total_campaigns": counts.get("campaigns", 0),
        "total_flows": counts.get("flows", 0),
        "total_orders": counts.get("orders", 0),
        "revenue": sum((d.value for d in done), Decimal(0)),
        "verified_days": sum(d.verdict is Verdict.VERIFIED for d in days),
        "mismatched_days": sum(d.verdict is Verdict.MISMATCHED for d in days),
    }
