"""Batches, leases and daily allowances in the control store: implements ports.BatchLog, Leases and DailyCounter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from milepost.batch import BatchState, Pipeline, check_transition
from milepost.errors import IllegalTransition, LeaseHeld, LeaseLost
from milepost.ports import Attempt
from milepost.state.sqlite import SqliteDatabase

_SAME_START_SECONDS = 5.0


def _own(pipeline: Pipeline) -> dict[str, object]:
    return {"platform": pipeline.platform, "datastore": pipeline.datastore}


@dataclass(frozen=True, slots=True)
class SqliteBatchLog:
    """Every attempt of every batch."""

    database: SqliteDatabase

    def begin(self, pipeline: Pipeline, number: int, now: datetime) -> Attempt:
        """Start the next attempt of batch `number`."""
        with self.database.transaction():
            rows = self.database.rows("latest_attempt_of", {**_own(pipeline), "number": number})
            attempt = 1
            if rows:
                check_transition(BatchState(rows[0]["state"]), BatchState.STARTED, f"batch {number} of {pipeline}")
                attempt = int(rows[0]["attempt"]) + 1
            values = {"number": number, "attempt": attempt, "state": BatchState.STARTED.value, "now": now.isoformat()}
            self.database.change("add_attempt", {**_own(pipeline), **values})
        return Attempt(pipeline, number, attempt, BatchState.STARTED)

    def move(self, attempt: Attempt, state: BatchState, now: datetime, *, error: str = "", report: str = "") -> Attempt:
        """Record a transition; refused where somebody else moved the attempt meanwhile."""
        what = f"batch {attempt.number} of {attempt.pipeline}, attempt {attempt.attempt},"
        check_transition(attempt.state, state, what)
        values = {
            "number": attempt.number,
            "attempt": attempt.attempt,
            "before": attempt.state.value,
            "after": state.value,
        }
        changed = self.database.change(
            "move_attempt",
            {**_own(attempt.pipeline), **values, "now": now.isoformat(), "error": error, "report": report},
        )
        if not changed:
            raise IllegalTransition(f"{what} is not {attempt.state.value} any more: another process moved it")
        return replace(attempt, state=state, error=error)

    def latest(self, pipeline: Pipeline) -> Attempt | None:
        """The newest attempt of the pipeline's newest batch."""
        rows = self.database.rows("latest_attempt", _own(pipeline))
        if not rows:
            return None
        row = rows[0]
        return Attempt(pipeline, row["number"], row["attempt"], BatchState(row["state"]), row["error"])

    def recent(
        self, limit: int, *, platform: str | None = None, datastore: str | None = None
    ) -> list[dict[str, object]]:
        """The attempts changed last, newest first, as flat records."""
        values = {"limit": limit, "platform": platform, "datastore": datastore}
        return [dict(row) for row in self.database.rows("recent_attempts", values)]

    def forget(self, pipeline: Pipeline) -> None:
        """Drop the pipeline's attempts: its store was cleared, numbering begins anew."""
        self.database.change("forget_attempts", _own(pipeline))


@dataclass(frozen=True, slots=True)
class SqliteLeases:
    """Leases with a fencing token. The lease of a process of this machine that died is free at once."""

    database: SqliteDatabase

    def take(self, name: str, owner: str, now: datetime, seconds: float) -> int:
        """Take the lease, or take it over from a holder whose time ran out or whose process is dead."""
        with self.database.transaction():
            rows = self.database.rows("read_lease", {"name": name})
            token = 1
            if rows:
                holder, token = rows[0]["owner"], int(rows[0]["token"]) + 1
                expires = datetime.fromisoformat(rows[0]["expires_at"]) if holder else now
                if holder and expires > now and not is_dead(holder):
                    raise LeaseHeld(
                        f"{name} is being worked on by {holder} until {expires:%H:%M:%S} UTC",
                        hint="wait for it to finish; a killed holder's lease is taken over by itself",
                        holder=holder,
                    )
            expires_at = (now + timedelta(seconds=seconds)).isoformat()
            self.database.change(
                "write_lease", {"name": name, "owner": owner, "token": token, "expires_at": expires_at}
            )
        return token

    def renew(self, name: str, token: int, now: datetime, seconds: float) -> None:
        """Hold on to it. Raises LeaseLost where somebody took it over."""
        expires_at = (now + timedelta(seconds=seconds)).isoformat()
        if not self.database.change("renew_lease", {"name": name, "token": token, "expires_at": expires_at}):
            raise LeaseLost(
                f"the lease of {name} ran out and was taken by another process; nothing more is written by this one",
                hint="look at `milepost status`; run the command again when the other has finished",
            )

    def release(self, name: str, token: int) -> None:
        """Give it back."""
        self.database.change("release_lease", {"name": name, "token": token})


@dataclass(frozen=True, slots=True)
class SqliteDailyCounter:
    """Requests spent of a daily allowance."""

    database: SqliteDatabase

    def spent(self, account: str, endpoint: str, day: date) -> int:
        """Requests made on that UTC day."""
        rows = self.database.rows("spent", {"account": account, "endpoint": endpoint, "day": day.isoformat()})
        return int(rows[0]["spent"]) if rows else 0

    def spend(self, account: str, endpoint: str, day: date, count: int = 1) -> None:
        """Record requests made."""
        self.database.change(
            "spend", {"account": account, "endpoint": endpoint, "day": day.isoformat(), "count": count}
        )


def owner_name() -> str:
    """This process as an owner of leases: `host:pid:started`, so that a reused process number is not taken for us."""
    import os
    import socket

    import psutil

    return f"{socket.gethostname()}:{os.getpid()}:{psutil.Process().create_time():.0f}"


def is_dead(owner: str) -> bool:
    """Whether an owner was a process of this machine that no longer runs. Owners elsewhere count as alive."""
    import socket

    import psutil

    host, _, rest = owner.partition(":")
    pid, _, started = rest.partition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        process = psutil.Process(int(pid))
        # The start is derived from the boot time, which a clock adjustment can move a little.
        reused = abs(process.create_time() - float(started)) > _SAME_START_SECONDS
        return reused or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
