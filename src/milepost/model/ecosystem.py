"""The ecosystem: which datastores are read, which of their datasets, and the platforms that keep them.

Plain values. What a table looks like is the source's to say (`Source.datasets()`); here stands only what differs from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from milepost.batch import Pipeline
from milepost.dataset import Dataset, ReadMode
from milepost.errors import UnknownName
from milepost.milestoning import Milestoning
from milepost.model.faults import did_you_mean


@dataclass(frozen=True, slots=True)
class Platform:
    """Where and how data are kept."""

    name: str
    milestoning: Milestoning
    store: Literal["duckdb"] = "duckdb"


@dataclass(frozen=True, slots=True)
class DatasetDeclaration:
    """What is said of a dataset beyond what its source says of itself.

    `columns`: only these (empty: all of them). `key`: instead of the primary key. `where`: the source's own SQL, rows that
    it is not true of are left out. `retired`: columns that the source may drop.
    """

    name: str
    columns: tuple[str, ...] = ()
    where: str = ""
    key: tuple[str, ...] = ()
    read_mode: ReadMode | None = None
    cursor: str | None = None
    deleted_mark: str | None = None
    retired: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PostgresOptions:
    """A PostgreSQL database: `dsn_env` names the variable with its address (empty: PG_*), `schema` what is read."""

    dsn_env: str = ""
    schema: str = "public"


@dataclass(frozen=True, slots=True)
class KlaviyoOptions:
    """A Klaviyo account: `client` is the slug of its key, `revision` that of the API (empty: the settings')."""

    client: str
    revision: str = ""


@dataclass(frozen=True, slots=True)
class Datastore:
    """A system that is read. No datasets declared: every dataset of it."""

    name: str
    options: PostgresOptions | KlaviyoOptions
    datasets: tuple[DatasetDeclaration, ...] = ()

    @property
    def source(self) -> Literal["postgres", "klaviyo"]:
        """The kind of system."""
        return "postgres" if isinstance(self.options, PostgresOptions) else "klaviyo"

    def dataset(self, name: str) -> DatasetDeclaration:
        """What is declared of a dataset; nothing beyond its name where all are read. Raises UnknownName."""
        if not self.datasets:
            return DatasetDeclaration(name)
        return _named(self.datasets, name, f"datastore {self.name!r} has no dataset")

    def chosen(self, datasets: Iterable[Dataset], only: str | None = None) -> tuple[Dataset, ...]:
        """Those of the source's datasets that are declared (all where none is), or just `only`. Raises UnknownName."""
        known = {d.name: d for d in datasets}
        names = {d.name for d in self.datasets} or set(known)
        found = tuple(d for d in known.values() if d.name in names and only in {None, d.name})
        if not found:
            raise UnknownName(
                f"datastore {self.name!r} has no dataset {only!r}",
                hint=f"its datasets: {', '.join(sorted(known)) or 'none'}",
            )
        return found


@dataclass(frozen=True, slots=True)
class Ecosystem:
    """Everything that is declared."""

    platforms: tuple[Platform, ...]
    datastores: tuple[Datastore, ...]

    def platform(self, name: str) -> Platform:
        """The platform of that name. Raises UnknownName."""
        return _named(self.platforms, name, "there is no platform")

    def platform_for(self, milestoning: Milestoning, name: str | None = None) -> Platform:
        """The platform named, else the first of that milestoning, else the first. Raises UnknownName."""
        if name is not None:
            return self.platform(name)
        return next((p for p in self.platforms if p.milestoning is milestoning), self.platforms[0])

    def datastore(self, name: str) -> Datastore:
        """The datastore of that name. Raises UnknownName."""
        return _named(self.datastores, name, "there is no datastore")

    def pipelines(self) -> Iterator[Pipeline]:
        """Every datastore into every platform, in the order of the file."""
        for platform in self.platforms:
            for datastore in self.datastores:
                yield Pipeline(platform.name, datastore.name)

    def of_client(self, client: str) -> Datastore:
        """The datastore of a Klaviyo client, by slug. Raises UnknownName."""
        by_client = {d.options.client: d for d in self.datastores if isinstance(d.options, KlaviyoOptions)}
        if client not in by_client:
            raise UnknownName(
                f"there is no client {client!r}{did_you_mean(client, by_client)}",
                hint=f"clients: {', '.join(by_client) or 'none: set KLAVIYO_API_KEY_<CLIENT>'}",
            )
        return by_client[client]


class _Named(Protocol):
    @property
    def name(self) -> str: ...


_N = TypeVar("_N", bound=_Named)


def _named(things: Iterable[_N], name: str, absent: str) -> _N:
    by_name = {thing.name: thing for thing in things}
    if name not in by_name:
        hint = f"there are: {', '.join(by_name)}" if by_name else "none is declared"
        raise UnknownName(f"{absent} {name!r}{did_you_mean(name, by_name)}", hint=hint)
    return by_name[name]
