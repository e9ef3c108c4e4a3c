"""Every error Milepost raises on purpose: one tree, one disposition each. Vendor errors are translated at the adapters.

MilepostError
├── UsageFault            the command was called wrongly                exit 2
│   ├── SettingsInvalid   a variable is missing or wrong
│   ├── ModelInvalid      the ecosystem file is wrong
│   ├── UnknownName       no such client, datastore, dataset, column
│   └── RangeInvalid      a date or a range cannot be used
├── SourceError
│   ├── SourceUnavailable no answer, 5xx, broken body                   retry
│   ├── SourceThrottled   the source asks us to wait                    retry
│   ├── SourceUnauthorized  key wrong or revoked, scope missing         stop
│   ├── SourceRejected    the source says our request is wrong          fail
│   ├── SourceChanged     a table or column vanished, a shape is new    fail
│   └── SourceMismatch    stored totals differ from the source's own    check
├── StoreError
│   ├── StoreBusy         another process holds the store               retry
│   ├── StoreUnwritable   disk full, read-only, no permission           stop
│   ├── StoreCorrupt      the file cannot be read as what it should be  stop
│   └── QueryInvalid      the user's SQL is wrong                       fail
├── StateError
│   ├── LeaseHeld         another process works on this pipeline        stop
│   ├── LeaseLost         our lease expired and was taken               stop
│   ├── IllegalTransition a state change that the table does not allow  fail
│   └── StateCorrupt      the control store cannot be read              stop
├── MergeError
│   ├── BatchConflict     the store is not at the batch we expected     check
│   ├── DeletesHeld       a snapshot would delete too much              check
│   └── SchemaRefused     a schema change that cannot be followed       fail
├── NotInstalled          an extra is missing                           fail
└── Stopped               a person stopped the work                     stop
"""

from __future__ import annotations

from enum import Enum
from typing import ClassVar


class Disposition(Enum):
    """What the engine does with an error: the only place where a retry is decided."""

    RETRY = "retry"
    SKIP = "skip"
    FAIL = "fail"
    STOP = "stop"
    CHECK = "check"


class MilepostError(Exception):
    """The root. `what` says what happened and where, observed and expected; `hint` says what to do."""

    code: ClassVar[str] = "milepost"
    disposition: ClassVar[Disposition] = Disposition.FAIL
    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, hint: str = "", **fields: object) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.fields = fields

    def __str__(self) -> str:
        return f"{self.what}\n  → {self.hint}" if self.hint else self.what

    def as_dict(self) -> dict[str, object]:
        """The error as one flat record for `--json`, logs and problem details."""
        return {"code": self.code, "message": self.what, "hint": self.hint, **self.fields}


class UsageFault(MilepostError):
    """The command was called wrongly."""

    code = "usage"
    exit_code = 2


class SettingsInvalid(UsageFault):
    """A variable is missing or wrong."""

    code = "settings.invalid"


class ModelInvalid(UsageFault):
    """The ecosystem file is wrong; `faults` has one line for each fault."""

    code = "model.invalid"


class UnknownName(UsageFault):
    """A client, datastore, dataset or column that nobody declared."""

    code = "name.unknown"


class RangeInvalid(UsageFault):
    """A date or a range that cannot be used."""

    code = "range.invalid"


class SourceError(MilepostError):
    """The place where data are born did not give what was asked."""

    code = "source"


class SourceUnavailable(SourceError):
    """No answer, a 5xx, a broken or truncated body: the same request may work later."""

    code = "source.unavailable"
    disposition = Disposition.RETRY


class SourceThrottled(SourceError):
    """The source asks us to wait; `retry_after` is in seconds, None where it did not say."""

    code = "source.throttled"
    disposition = Disposition.RETRY

    def __init__(self, what: str, *, retry_after: float | None = None, hint: str = "", **fields: object) -> None:
        super().__init__(what, hint=hint, **fields)
        self.retry_after = retry_after


class SourceUnauthorized(SourceError):
    """The key is wrong or revoked, or a scope is missing: nothing of this account can go on."""

    code = "source.unauthorized"
    disposition = Disposition.STOP


class SourceRejected(SourceError):
    """The source says that our request is wrong: repeating it cannot help."""

    code = "source.rejected"


class SourceChanged(SourceError):
    """A table or a column vanished, or an answer has a shape that nobody knows."""

    code = "source.changed"


class SourceMismatch(SourceError):
    """Stored totals differ from the source's own, after one re-read."""

    code = "source.mismatch"
    disposition = Disposition.CHECK


class StoreError(MilepostError):
    """The place where merged tables live refused."""

    code = "store"


class StoreBusy(StoreError):
    """Another process held the store for longer than we wait."""

    code = "store.busy"
    disposition = Disposition.RETRY


class StoreUnwritable(StoreError):
    """Disk full, read-only or no permission: nothing was changed."""

    code = "store.unwritable"
    disposition = Disposition.STOP


class StoreCorrupt(StoreError):
    """The store's file cannot be read as what it should be."""

    code = "store.corrupt"
    disposition = Disposition.STOP


class QueryInvalid(StoreError):
    """The user's SQL is wrong; the store's own message is in `what`."""

    code = "query.invalid"


class StateError(MilepostError):
    """The control store refused."""

    code = "state"


class LeaseHeld(StateError):
    """Another living process works on this pipeline."""

    code = "lease.held"
    disposition = Disposition.STOP


class LeaseLost(StateError):
    """Our lease ran out and another process took it: what we staged is not committed."""

    code = "lease.lost"
    disposition = Disposition.STOP


class IllegalTransition(StateError):
    """A state change that the table of transitions does not have."""

    code = "batch.transition"


class StateCorrupt(StateError):
    """The control store cannot be read as what it should be."""

    code = "state.corrupt"
    disposition = Disposition.STOP


class MergeError(MilepostError):
    """A batch that must not be merged as it is."""

    code = "merge"


class BatchConflict(MergeError):
    """The store is not at the batch we expected: somebody else committed in between. Nothing was changed."""

    code = "batch.conflict"
    disposition = Disposition.CHECK


class DeletesHeld(MergeError):
    """A snapshot is empty or would delete more than the settable share of the open rows; held for a person."""

    code = "deletes.held"
    disposition = Disposition.CHECK


class SchemaRefused(MergeError):
    """The source's columns changed in a way that cannot be followed without losing or reinterpreting data."""

    code = "schema.refused"


class NotInstalled(MilepostError):
    """An optional dependency is missing; the hint has the command that installs it."""

    code = "extra.missing"


class Stopped(MilepostError):
    """A person stopped the work (Ctrl+C, cancel); everything committed is kept."""

    code = "stopped"
    disposition = Disposition.STOP
    exit_code = 130
