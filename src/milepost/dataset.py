"""A dataset: one table-like thing in a datastore, with its columns, key and read mode."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from milepost.errors import ModelInvalid, UnknownName
from milepost.schema import Column


class ReadMode(Enum):
    """How a source is read, and so what absence means."""

    SNAPSHOT = "snapshot"  # everything there is: absence is deletion
    INCREMENTAL = "incremental"  # what is new or changed: absence says nothing; an optional mark says deleted
    APPEND = "append"  # immutable events: a known key is left alone


@dataclass(frozen=True, slots=True)
class Dataset:
    """One table-like thing. An empty `key` means keyless: rows are a multiset. `origin` is its name at the source.

    `retired` names columns that the source may no longer have: they stay in the history and read NULL.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    read_mode: ReadMode = ReadMode.SNAPSHOT
    cursor: str | None = None
    deleted_mark: str | None = None
    origin: str = ""
    retired: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [c.name for c in self.columns]
        if len(set(names)) != len(names):
            raise ModelInvalid(f"dataset {self.name!r} names a column twice: {', '.join(names)}")
        for needed in (*self.key, *filter(None, (self.cursor, self.deleted_mark))):
            if needed not in names:
                raise ModelInvalid(
                    f"dataset {self.name!r} has no column {needed!r}", hint=f"its columns: {', '.join(names)}"
                )
        if self.deleted_mark and self.read_mode is not ReadMode.INCREMENTAL:
            raise ModelInvalid(
                f"dataset {self.name!r} has a delete mark but is read in mode {self.read_mode.value}",
                hint="delete marks are for incremental reading; a snapshot sees deletes by absence",
            )
        if not self.key and self.read_mode is not ReadMode.SNAPSHOT:
            raise ModelInvalid(
                f"dataset {self.name!r} has no key but is read in mode {self.read_mode.value}",
                hint="declare a key, or read it as a snapshot",
            )

    def column(self, name: str) -> Column:
        """The column of that name. Raises UnknownName."""
        for column in self.columns:
            if column.name == name:
                return column
        raise UnknownName(f"dataset {self.name!r} has no column {name!r}")

    @property
    def values(self) -> tuple[Column, ...]:
        """The columns that are not in the key."""
        return tuple(c for c in self.columns if c.name not in self.key)
