"""Backfills and their days in the control store: implements ports.BackfillLog."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from milepost.batch import Pipeline
from milepost.progress import BackfillRecord, BackfillStatus, DayRecord, DayState, Verdict
from milepost.state.sqlite import SqliteDatabase


def _own(pipeline: Pipeline) -> dict[str, object]:
    return {"platform": pipeline.platform, "datastore": pipeline.datastore}


def _record(row: sqlite3.Row) -> BackfillRecord:
    return BackfillRecord(
        Pipeline(row["platform"], row["datastore"]),
        row["backfill_id"],
        BackfillStatus(row["status"]),
        date.fromisoformat(row["start_date"]),
        date.fromisoformat(row["end_date"]),
        datetime.fromisoformat(row["started_at"]),
        datetime.fromisoformat(row["finished_at"]) if row["finished_at"] else None,
        row["error"],
        include_orders=bool(row["include_orders"]),
    )


def _day(row: sqlite3.Row) -> DayRecord:
    return DayRecord(
        row["stream"],
        date.fromisoformat(row["day"]),
        DayState(row["state"]),
        row["row_count"],
        Decimal(row["value"]),
        row["bytes"],
        row["attempts"],
        row["error"],
        Verdict(row["verdict"]),
        row["source_rows"],
        None if row["source_value"] is None else Decimal(row["source_value"]),
    )


@dataclass(frozen=True, slots=True)
class SqliteBackfillLog:
    """One backfill per pipeline, and a row for each of its days."""

    database: SqliteDatabase

    def read(self, pipeline: Pipeline) -> BackfillRecord | None:
        """The pipeline's backfill."""
        rows = self.database.rows("read_backfill", _own(pipeline))
        return _record(rows[0]) if rows else None

    def write(self, record: BackfillRecord) -> None:
        """Record a backfill."""
        self.database.change(
            "write_backfill",
            {
                **_own(record.pipeline),
                "backfill_id": record.backfill_id,
                "status": record.status.value,
                "start_date": record.start.isoformat(),
                "end_date": record.end.isoformat(),
                "include_orders": int(record.include_orders),
                "started_at": record.started_at.isoformat(),
                "finished_at": record.finished_at.isoformat() if record.finished_at else None,
                "error": record.error,
            },
        )

    def days(self, pipeline: Pipeline, stream: str) -> list[DayRecord]:
        """The days of a stream, in order."""
        return [_day(row) for row in self.database.rows("read_days", {**_own(pipeline), "stream": stream})]

    def write_days(self, pipeline: Pipeline, days: Sequence[DayRecord]) -> None:
        """Record days in one transaction."""
        self.database.change_many(
            "write_day",
            [
                {
                    **_own(pipeline),
                    "stream": d.stream,
                    "day": d.day.isoformat(),
                    "state": d.state.value,
                    "row_count": d.rows,
                    "value": str(d.value),
                    "bytes": d.bytes,
                    "attempts": d.attempts,
                    "error": d.error,
                    "verdict": d.verdict.value,
                    "source_rows": d.source_rows,
                    "source_value": None if d.source_value is None else str(d.source_value),
                }
                for d in days
            ],
        )

    def request_cancel(self, pipeline: Pipeline) -> None:
        """Ask the working process to stop."""
        self.database.change("request_cancel", _own(pipeline))

    def cancel_requested(self, pipeline: Pipeline) -> bool:
        """Whether somebody asked to stop."""
        rows = self.database.rows("cancel_requested", _own(pipeline))
        return bool(rows and rows[0]["cancel_requested"])

    def forget(self, pipeline: Pipeline) -> None:
        """Drop the backfill and its days."""
        with self.database.transaction():
            self.database.change("forget_backfill", _own(pipeline))
            self.database.change("forget_days", _own(pipeline))
