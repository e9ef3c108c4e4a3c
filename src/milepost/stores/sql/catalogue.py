"""The store's own tables: checkpoints, datasets as last merged, windows, figures, quarantine."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files

from milepost.batch import Figures, Pipeline
from milepost.dataset import Dataset, ReadMode
from milepost.merge.steps import Advance
from milepost.milestoning import Milestoning
from milepost.ports import Checkpoint
from milepost.schema import Column, Type
from milepost.stores.sql.dialect import quote
from milepost.stores.sql.layout import CLOSED_SUFFIX, OPEN_SUFFIX, Layout, column_names, physical_names, schema_name

Run = Callable[[str, Sequence[object]], list[tuple[object, ...]]]

META = "_milepost"
_OWN = "platform = ? AND datastore = ?"
TABLES = ("checkpoint", "dataset", "schema_change", "window_done", "batch", "quarantine")


@dataclass(frozen=True, slots=True)
class Known:
    """A dataset as the store has it: its definition, its table, the physical name of each column."""

    dataset: Dataset
    table: str
    columns: Mapping[str, str]


def _to_text(known: Known) -> str:
    dataset = known.dataset
    columns = [
        [c.name, str(c.type), c.nullable, c.classification, known.columns.get(c.name, c.name)] for c in dataset.columns
    ]
    return json.dumps(
        {
            "columns": columns,
            "key": dataset.key,
            "read_mode": dataset.read_mode.value,
            "cursor": dataset.cursor,
            "deleted_mark": dataset.deleted_mark,
            "origin": dataset.origin,
        }
    )


def _from_text(name: str, table: str, text: str) -> Known:
    found = json.loads(text)
    dataset = Dataset(
        name,
        tuple(
            Column(n, Type.parse(t), nullable, classification) for n, t, nullable, classification, _ in found["columns"]
        ),
        tuple(found["key"]),
        ReadMode(found["read_mode"]),
        found["cursor"],
        found["deleted_mark"],
        found["origin"],
    )
    return Known(dataset, table, {column[0]: column[4] for column in found["columns"]})


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Reads and writes the store's own tables through `run`; `database` is the attached store's name."""

    run: Run
    database: str = ""

    @property
    def meta(self) -> str:
        """The schema of the store's own tables, quoted."""
        return f"{quote(self.database)}.{quote(META)}" if self.database else quote(META)

    def create(self) -> None:
        """Make the tables where they are missing."""
        text = files("milepost.stores.sql").joinpath("statements/catalogue.sql").read_text()
        body = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
        for statement in body.format(meta=self.meta).split(";"):
            if statement.strip():
                self.run(statement, ())

    def known(self, pipeline: Pipeline) -> dict[str, Known]:
        """The datasets of a pipeline, by name."""
        rows = self.run(
            f"SELECT dataset, table_name, definition FROM {self.meta}.dataset WHERE {_OWN} ORDER BY since_batch, dataset",
            (pipeline.platform, pipeline.datastore),
        )
        return {str(name): _from_text(str(name), str(table), str(text)) for name, table, text in rows}

    def checkpoint(self, pipeline: Pipeline) -> Checkpoint:
        """What is committed of a pipeline."""
        own = (pipeline.platform, pipeline.datastore)
        rows = self.run(f"SELECT milestoning, last_batch, as_of FROM {self.meta}.checkpoint WHERE {_OWN}", own)
        if not rows:
            return Checkpoint()
        milestoning, last_batch, as_of = rows[0]
        marks = self.run(
            f"SELECT dataset, high_water FROM {self.meta}.dataset WHERE {_OWN} AND high_water IS NOT NULL", own
        )
        return Checkpoint(
            int(str(last_batch)),
            as_of,  # type: ignore[arg-type]  # the driver gives an aware datetime
            Milestoning(milestoning),
            {str(name): str(mark) for name, mark in marks},
            {name: known.dataset for name, known in self.known(pipeline).items()},
        )

    def layouts(self, pipeline: Pipeline, datasets: Sequence[Dataset], milestoning: Milestoning) -> dict[str, Layout]:
        """Where each dataset is or will be: recorded names stay, new ones are given here."""
        known = self.known(pipeline)
        taken = {name: k.table for name, k in known.items()}
        tables = physical_names((d.name for d in datasets), taken, _free_of_suffix)
        layouts = {}
        for dataset in datasets:
            recorded = known[dataset.name].columns if dataset.name in known else {}
            columns = column_names(dataset, recorded)
            layouts[dataset.name] = Layout(
                dataset,
                milestoning,
                schema_name(pipeline),
                tables[dataset.name],
                columns,
                self.database,
            )
        return layouts

    def windows(self, pipeline: Pipeline, stream: str) -> dict[date, int]:
        """The committed days of a stream, with their bytes."""
        rows = self.run(
            f"SELECT day, bytes FROM {self.meta}.window_done WHERE {_OWN} AND stream = ?",
            (pipeline.platform, pipeline.datastore, stream),
        )
        return dict(rows)  # type: ignore[arg-type]  # the driver gives dates and integers

    def record(self, pipeline: Pipeline, layout: Layout, batch: int) -> None:
        """Write a dataset's definition as merged with `batch`."""
        known = Known(layout.dataset, layout.table, layout.columns)
        own = (pipeline.platform, pipeline.datastore, layout.dataset.name)
        old = self.run(f"SELECT high_water, since_batch FROM {self.meta}.dataset WHERE {_OWN} AND dataset = ?", own)
        high_water, since = old[0] if old else (None, batch)
        self.run(f"DELETE FROM {self.meta}.dataset WHERE {_OWN} AND dataset = ?", own)
        self.run(
            f"INSERT INTO {self.meta}.dataset VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*own, layout.table, _to_text(known), high_water, since),
        )

    def quarantine(self, step: Advance, refused: str) -> None:
        """Keep refused rows: `refused` is a relation of dataset, row_key, reason, row_text."""
        self.run(
            f"INSERT INTO {self.meta}.quarantine SELECT ?, ?, ?, dataset, row_key, reason, row_text, ? FROM {refused}",
            (step.pipeline.platform, step.pipeline.datastore, step.batch, step.as_of),
        )

    def record_change(self, pipeline: Pipeline, dataset: str, batch: int, change: str) -> None:
        """Remember that a batch followed a schema change."""
        self.run(
            f"INSERT INTO {self.meta}.schema_change VALUES (?, ?, ?, ?, ?)",
            (pipeline.platform, pipeline.datastore, dataset, batch, change),
        )

    def advance(self, step: Advance, figures: Mapping[str, Figures]) -> None:
        """Write the checkpoint, the windows and the figures of a batch."""
        own = (step.pipeline.platform, step.pipeline.datastore)
        self.run(f"DELETE FROM {self.meta}.checkpoint WHERE {_OWN}", own)
        self.run(
            f"INSERT INTO {self.meta}.checkpoint VALUES (?, ?, ?, ?, ?)",
            (*own, step.milestoning.value, step.batch, step.as_of),
        )
        for name, mark in step.high_water:
            self.run(f"UPDATE {self.meta}.dataset SET high_water = ? WHERE {_OWN} AND dataset = ?", (mark, *own, name))
        for w in step.windows:
            self.run(
                f"DELETE FROM {self.meta}.window_done WHERE {_OWN} AND stream = ? AND day = ?", (*own, w.stream, w.day)
            )
            self.run(
                f"INSERT INTO {self.meta}.window_done VALUES (?, ?, ?, ?, ?, ?)",
                (*own, w.stream, w.day, w.bytes, step.batch),
            )
        for name, f in figures.items():
            self.run(
                f"INSERT INTO {self.meta}.batch VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*own, step.batch, step.as_of, name, f.read, f.inserted, f.updated, f.deleted, f.unchanged,
                 f.duplicates, f.quarantined, f.bytes),
            )  # fmt: skip

    def forget(self, pipeline: Pipeline) -> None:
        """Drop the pipeline's tables and everything recorded of it."""
        name = quote(schema_name(pipeline))
        self.run(f"DROP SCHEMA IF EXISTS {quote(self.database) + '.' if self.database else ''}{name} CASCADE", ())
        for table in TABLES:
            self.run(f"DELETE FROM {self.meta}.{table} WHERE {_OWN}", (pipeline.platform, pipeline.datastore))


def _free_of_suffix(table: str) -> str:
    """A table name that cannot be taken for another dataset's open or closed versions."""
    return f"{table}_" if table.casefold().endswith((OPEN_SUFFIX, CLOSED_SUFFIX)) else table
