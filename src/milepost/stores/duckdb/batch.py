"""One batch being put into a DuckDB store: staging first, without the lock; then one transaction, under it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from milepost.batch import Figures
from milepost.dataset import Dataset
from milepost.merge.steps import Advance, Screen, Step
from milepost.ports import ArrowStream, Checkpoint, Refusal
from milepost.stores.duckdb.connect import STORE, attach, translated
from milepost.stores.duckdb.dialect import DUCKDB
from milepost.stores.duckdb.staging import REFUSED, DuckDBStaging
from milepost.stores.sql.catalogue import Catalogue
from milepost.stores.sql.commit import Commit
from milepost.stores.sql.dialect import quote
from milepost.stores.sql.layout import Layout
from milepost.stores.sql.render import Renderer
from milepost.stores.sql.screen import Screening

if TYPE_CHECKING:
    import duckdb

    from milepost.stores.duckdb.store import DuckDBStore


@dataclass(slots=True)
class DuckDBBatch:
    """Implements ports.StoreBatch. Rows live in a private database until `commit` merges them into the store's file."""

    store: DuckDBStore
    checkpoint: Checkpoint
    connection: duckdb.DuckDBPyConnection
    staging: DuckDBStaging
    sizes: dict[str, int] = field(default_factory=dict)

    def begin(self, dataset: Dataset) -> None:
        """Make the dataset part of the batch even if no row comes."""
        with translated(self.store.path):
            self.staging.begin(dataset)

    def stage(self, dataset: Dataset, rows: ArrowStream, size: int = 0) -> int:
        """Add rows, which came in `size` bytes; returns how many."""
        with translated(self.store.path):
            added = self.staging.stage(dataset, rows)
        self.sizes[dataset.name] = self.sizes.get(dataset.name, 0) + size
        return added

    def refuse(self, refusals: Sequence[Refusal]) -> None:
        """Quarantine rows that the source could not understand."""
        with translated(self.store.path):
            self.staging.refuse(refusals)

    def highest(self, dataset: Dataset, now: datetime) -> str | None:
        """The new high-water mark: never behind the old one, and never in the future."""
        known = self.checkpoint.high_water.get(dataset.name)
        with translated(self.store.path):
            return self.staging.highest(dataset, now, known)

    def commit(self, steps: Sequence[Step]) -> Mapping[str, Figures]:
        """Carry out the steps in one transaction under the store's lock; nothing changes where an error comes out."""
        advance = steps[-1]
        if not isinstance(advance, Advance):
            raise TypeError("the last step of a commit must be Advance")
        with translated(self.store.path):
            figures = self._screen(steps, advance)
            with self.store.locked(exclusive=True, purpose=f"commit of {advance.pipeline} batch {advance.batch}"):
                attach(self.connection, self.store.path, read_only=False)
                try:
                    return self._transact(advance, steps, figures)
                finally:
                    self.connection.execute(f"DETACH {quote(STORE)}")

    def _screen(self, steps: Sequence[Step], advance: Advance) -> dict[str, Figures]:
        """Screen staging before the lock is taken: DuckDB writes one database per transaction, and this is another."""
        self.staging.flush()
        figures = {}
        for step in steps:
            if isinstance(step, Screen):
                staged = self.staging.datasets[step.dataset.name]
                layout = Layout(staged.dataset, advance.milestoning, "", staged.dataset.name, staged.columns)
                renderer = Renderer(DUCKDB, layout, staged.relations)
                screened = Screening(self._run, renderer, REFUSED).screen()
                figures[step.dataset.name] = Figures(
                    read=staged.read,
                    duplicates=screened.duplicates,
                    quarantined=staged.refused + screened.refused,
                    bytes=self.sizes.get(step.dataset.name) or self.staging.value_bytes(step.dataset.name),
                )
        return figures

    def _transact(self, advance: Advance, steps: Sequence[Step], figures: dict[str, Figures]) -> Mapping[str, Figures]:
        catalogue = Catalogue(self._run, STORE)
        self.connection.execute("BEGIN")
        try:
            catalogue.create()
            datasets = [step.dataset for step in steps if isinstance(step, Screen)]
            layouts = catalogue.layouts(advance.pipeline, datasets, advance.milestoning)
            renderers = {
                name: Renderer(DUCKDB, layout, self.staging.datasets[name].relations)
                for name, layout in layouts.items()
            }
            commit = Commit(catalogue, advance, renderers, figures, REFUSED)
            for step in steps:
                commit.carry_out(step)
            self.connection.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        return commit.figures

    def _roll_back(self) -> None:
        import duckdb

        with suppress(duckdb.TransactionException):  # a COMMIT that failed has ended the transaction: why matters more
            self.connection.execute("ROLLBACK")

    def _run(self, sql: str, values: Sequence[object]) -> list[tuple[object, ...]]:
        return self.connection.execute(sql, list(values) or None).fetchall()
