"""Which table and column of the store a dataset's rows are in. Names survive exactly; collisions by case get a suffix."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from milepost.batch import Pipeline
from milepost.dataset import Dataset
from milepost.milestoning import BATCH_IN, BATCH_OUT, OCCURRENCE, VALID_FROM, VALID_TO, Milestoning
from milepost.schema import BIGINT, TIMESTAMPTZ, Column
from milepost.stores.sql.dialect import quote

OPEN_SUFFIX = "__open"
CLOSED_SUFFIX = "__closed"
STAGED_ROW, OPEN_ROW = "_staged_row", "_open_row"
ROW_IDS = frozenset({"rowid", STAGED_ROW, OPEN_ROW})

_OCCURRENCE = Column(OCCURRENCE, BIGINT, nullable=False)
_SINCE = (Column(BATCH_IN, BIGINT, nullable=False), Column(VALID_FROM, TIMESTAMPTZ, nullable=False))
_UNTIL = (Column(BATCH_OUT, BIGINT, nullable=False), Column(VALID_TO, TIMESTAMPTZ))


def schema_name(pipeline: Pipeline) -> str:
    """The schema of a pipeline's tables: `live__customer_db`."""
    return f"{pipeline.platform}__{pipeline.datastore}"


def physical_names(
    names: Iterable[str],
    known: Mapping[str, str],
    spelled: Callable[[str], str] = str,
    reserved: frozenset[str] = frozenset(),
) -> dict[str, str]:
    """The name in the store for each name at the source, as `spelled` has it; a name once given stays.

    Two names that differ only by case (a database may have `Name` and `name`) would be one for DuckDB and BigQuery:
    the later one gets a suffix from a hash of its exact spelling. So does a name that is `reserved`.
    """
    given = dict(known)
    taken = {name.casefold() for name in given.values()} | reserved
    for name in names:
        if name in given:
            continue
        free = spelled(name)
        if free.casefold() in taken:
            free = f"{free}_{sha256(name.encode()).hexdigest()[:6]}"
        given[name] = free
        taken.add(free.casefold())
    return given


def column_names(dataset: Dataset, known: Mapping[str, str]) -> dict[str, str]:
    """The physical name of each column. A column must not hide the row ids by which a merge finds its rows."""
    return physical_names((c.name for c in dataset.columns), known, reserved=ROW_IDS)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where one dataset is: its tables (quoted, qualified) and the physical name of each column."""

    dataset: Dataset
    milestoning: Milestoning
    schema: str
    table: str
    columns: Mapping[str, str]
    database: str = ""

    def _qualified(self, suffix: str = "") -> str:
        return f"{self.home}.{quote(self.table + suffix)}"

    @property
    def home(self) -> str:
        """The schema of the pipeline's tables, quoted and qualified."""
        return ".".join(quote(part) for part in (self.database, self.schema) if part)

    @property
    def main(self) -> str:
        """What a reader names: the live table, or the view that unites open and closed versions."""
        return self._qualified()

    @property
    def open(self) -> str:
        """The table of versions that are true now."""
        return self._qualified(OPEN_SUFFIX if self.milestoning is Milestoning.FORENSIC else "")

    @property
    def closed(self) -> str:
        """The table of versions that are no longer true; forensic only."""
        return self._qualified(CLOSED_SUFFIX)

    def within(self, table: str) -> str:
        """A table as a view of the same database names it: the file may be opened under any name."""
        return table.removeprefix(f"{quote(self.database)}.") if self.database else table

    @property
    def key(self) -> tuple[Column, ...]:
        """The columns that tell rows apart; for a keyless dataset all of them and the occurrence number."""
        if self.dataset.key:
            return tuple(self.dataset.column(name) for name in self.dataset.key)
        return (*self.dataset.columns, _OCCURRENCE)

    @property
    def data(self) -> tuple[Column, ...]:
        """The columns that come from the source, with the occurrence number of a keyless dataset."""
        return self.dataset.columns if self.dataset.key else (*self.dataset.columns, _OCCURRENCE)

    @property
    def values(self) -> tuple[Column, ...]:
        """The columns whose change makes a new version."""
        return self.dataset.values if self.dataset.key else ()

    @property
    def since(self) -> tuple[Column, ...]:
        """The system columns of every version."""
        return _SINCE

    @property
    def until(self) -> tuple[Column, ...]:
        """The further system columns of a closed version."""
        return _UNTIL

    def name(self, column: Column) -> str:
        """The quoted physical name of a column."""
        return quote(self.columns.get(column.name, column.name))
