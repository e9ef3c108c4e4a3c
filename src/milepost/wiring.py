"""The composition root: the only module that knows every adapter. Heavy ones are imported when first used."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from threading import Event
from typing import TYPE_CHECKING

from milepost.batch import Pipeline
from milepost.clock import Clock, SystemClock
from milepost.dataset import ReadMode
from milepost.engine.runtime import Runtime
from milepost.errors import UnknownName
from milepost.memory import give_back_at_once
from milepost.model.ecosystem import Datastore, Ecosystem, KlaviyoOptions, PostgresOptions
from milepost.ports import ArrowStream, Source
from milepost.state.backfills import SqliteBackfillLog
from milepost.state.control import SqliteBatchLog, SqliteDailyCounter, SqliteLeases, owner_name
from milepost.state.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path
    from zoneinfo import ZoneInfo

    import pyarrow as pa

    from milepost.delivery.files import Written
    from milepost.engine.backfill import BackfillPlan
    from milepost.reporting.mapping import Mapped
    from milepost.secrets.env import Secrets
    from milepost.settings import Settings
    from milepost.sources.klaviyo import KlaviyoSource
    from milepost.sources.sql.postgres import PostgresSource
    from milepost.stores.duckdb.store import DuckDBStore

ORDERS = "orders"  # the stream that a backfill reads
PROFILES = "profiles"  # the one dataset of an account's catalogue that a backfill leaves to `milepost ingest`


@dataclass
class Wiring:
    """Everything of one installation: made from settings and the ecosystem, given to use-cases."""

    settings: Settings
    ecosystem: Ecosystem
    secrets: Secrets
    clock: Clock = field(default_factory=SystemClock)

    @cached_property
    def database(self) -> SqliteDatabase:
        """The control store."""
        return SqliteDatabase(self.settings.home / "state.sqlite")

    @cached_property
    def store(self) -> DuckDBStore:
        """The embedded store; all platforms share one file, each with its own schemas."""
        from milepost.stores.duckdb.connect import Resources
        from milepost.stores.duckdb.store import DuckDBStore

        home = self.settings.home
        resources = Resources(self.settings.memory_limit, spill=home / "tmp")
        return DuckDBStore(home / "store.duckdb", resources, self.clock, self.settings.lock_timeout)

    @cached_property
    def runtime(self) -> Runtime:
        """What the engine works with."""
        database = self.database
        return Runtime(
            self.store,
            SqliteBatchLog(database),
            SqliteLeases(database),
            SqliteBackfillLog(database),
            self.clock,
            owner_name(),
        )

    def source(self, datastore: Datastore) -> Source:
        """The reader of a datastore."""
        if isinstance(datastore.options, KlaviyoOptions):
            return self.klaviyo(datastore)
        return self._postgres(datastore, datastore.options)

    def _postgres(self, datastore: Datastore, options: PostgresOptions) -> PostgresSource:
        from milepost.sources.sql.postgres import PostgresSource, Selection

        selections = {
            d.name: Selection(
                d.columns, d.where, d.key, d.read_mode or ReadMode.SNAPSHOT, d.cursor, d.deleted_mark, d.retired
            )
            for d in datastore.datasets
        }
        return PostgresSource(self.secrets.dsn(options.dsn_env), options.schema, selections)

    def klaviyo(self, datastore: Datastore, stop: Event | None = None) -> KlaviyoSource:
        """The source of a Klaviyo account; `stop` ends its waits. Raises UnknownName where it is not one, or has no key."""
        from milepost.sources.klaviyo import TIERS, KlaviyoSource, Limit, Options

        give_back_at_once()
        options = datastore.options
        if not isinstance(options, KlaviyoOptions):
            raise UnknownName(
                f"datastore {datastore.name!r} is not a Klaviyo account", hint="use `milepost ingest` for it"
            )
        return KlaviyoSource(
            options.client,
            self.secrets.klaviyo_key(options.client),
            SqliteDailyCounter(self.database),
            Options(
                base_url=self.settings.klaviyo_url,
                revision=options.revision or self.settings.klaviyo_revision,
                limits={} if self.settings.klaviyo_limits == "published" else dict.fromkeys(TIERS, Limit(10**6, 10**6)),
                threads=self.settings.workers,
            ),
            clock=self.clock,
            stop=stop,
        )

    def backfill_plan(self, pipeline: Pipeline) -> BackfillPlan:
        """How the orders of a client are backfilled into a platform. Raises UnknownName."""
        from milepost.engine.backfill import BackfillPlan

        return BackfillPlan(
            pipeline,
            self.ecosystem.platform(pipeline.platform).milestoning,
            ORDERS,
            day_column="date",
            value_column="value",
            workers=self.settings.workers,
            lookback_days=self.settings.lookback_days,
            max_delete_share=self.settings.max_delete_share,
        )

    def write_file(self, rows: ArrowStream, path: Path, form: str | None = None) -> Written:
        """Write rows to a file, whole or not at all. Raises UsageFault, StoreUnwritable."""
        from milepost.delivery.files import write

        return write(rows, path, form)

    def map_report(self, source: str, rows: pa.Table, *, client: str, zone: ZoneInfo) -> Mapped:
        """Map the raw rows of a source to the reporting schema. Raises UnknownName."""
        from milepost.reporting.mapping import map_rows

        return map_rows(source, rows, client_id=client, zone=zone)

    def sample_report(self, rows: int, *, seed: int, start: date, days: int) -> pa.Table:
        """Plausible campaign rows of the reporting schema. Raises RangeInvalid."""
        from milepost.reporting.sample import sample_rows

        return sample_rows(rows, seed=seed, start=start, days=days)

    def close(self) -> None:
        """Give the control store back."""
        if "database" in self.__dict__:
            self.database.close()
