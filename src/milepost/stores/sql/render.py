"""The steps of a merge as SQL text, for any dialect. Pure: golden files in tests/golden/sql show every statement.

Staged rows are in `staged`, refused keys in `refused_keys`; `changes` holds for each changed key the operation (I, U, D)
and the row ids on both sides, so that the values are read once, from where they are.
"""

from __future__ import annotations

from dataclasses import dataclass

from milepost.dataset import ReadMode
from milepost.milestoning import OPEN_BATCH, Milestoning
from milepost.schema import BOOLEAN, ChangeKind, Column, Kind, SchemaChange
from milepost.stores.sql.dialect import Dialect, literal, quote
from milepost.stores.sql.layout import OPEN_ROW, STAGED_ROW, Layout

CHANGES = quote("changes")
_ORDERED = frozenset(
    {
        Kind.SMALLINT,
        Kind.INTEGER,
        Kind.BIGINT,
        Kind.DECIMAL,
        Kind.TEXT,
        Kind.UUID,
        Kind.DATE,
        Kind.TIMESTAMP,
        Kind.TIMESTAMPTZ,
    }
)
MATCHES = quote("matches")  # staged rows and open versions with one key; not for snapshots


@dataclass(frozen=True, slots=True)
class Staging:
    """The names of one dataset's staging relations, quoted and qualified."""

    rows: str
    refused_keys: str


@dataclass(frozen=True, slots=True)
class Renderer:
    """Writes the SQL of a dataset's steps."""

    dialect: Dialect
    layout: Layout
    staging: Staging

    def _names(self, columns: tuple[Column, ...], alias: str = "") -> str:
        prefix = f"{alias}." if alias else ""
        return ", ".join(prefix + self.layout.name(c) for c in columns)

    def _join(self, left: str, right: str) -> str:
        if self.layout.dataset.key:
            return " AND ".join(f"{left}.{n} = {right}.{n}" for n in map(self.layout.name, self.layout.key))
        return " AND ".join(
            self.dialect.same(f"{left}.{self.layout.name(c)}", f"{right}.{self.layout.name(c)}", c.type)
            for c in self.layout.key
        )

    def _differs(self, left: str, right: str) -> str:
        tests = [
            self.dialect.differs(f"{left}.{self.layout.name(c)}", f"{right}.{self.layout.name(c)}", c.type)
            for c in self.layout.values
        ]
        return f"({' OR '.join(tests)})" if tests else "false"

    def create_tables(self) -> list[str]:
        """The live table, or the two forensic tables and the view that unites them."""
        layout = self.layout
        create = [f"CREATE TABLE {layout.open} ({self._definitions((*layout.data, *layout.since))})"]
        if layout.milestoning is Milestoning.FORENSIC:
            every = (*layout.data, *layout.since, *layout.until)
            create += [f"CREATE TABLE {layout.closed} ({self._definitions(every)})", self._view()]
        return create

    def _definitions(self, columns: tuple[Column, ...]) -> str:
        return ", ".join(map(self._definition, columns))

    def _definition(self, column: Column) -> str:
        kept = self.dialect.storage.get(column.type.kind, "")
        return f"{self.layout.name(column)} {self.dialect.type_name(column.type)}{kept}"

    def _view(self) -> str:
        layout = self.layout
        columns = self._names((*layout.data, *layout.since))
        until = self._names(layout.until)
        return (
            f"CREATE OR REPLACE VIEW {layout.main} AS "
            f"SELECT {columns}, CAST({OPEN_BATCH} AS BIGINT) AS {layout.name(layout.until[0])}, "
            f"CAST(NULL AS {self.dialect.type_name(layout.until[1].type)}) AS {layout.name(layout.until[1])} "
            f"FROM {layout.within(layout.open)} UNION ALL SELECT {columns}, {until} FROM {layout.within(layout.closed)}"
        )

    def evolve_tables(self, changes: tuple[SchemaChange, ...]) -> list[str]:
        """ALTER statements for new and widened columns, then the view anew."""
        forensic = self.layout.milestoning is Milestoning.FORENSIC
        tables = (self.layout.open, self.layout.closed) if forensic else (self.layout.open,)
        statements = []
        for change in changes:
            if change.kind in {ChangeKind.ADDED, ChangeKind.WIDENED}:
                column = self.layout.dataset.column(change.column)
                name, type_name = self.layout.name(column), self.dialect.type_name(column.type)
                what = f"ADD COLUMN {self._definition(column)}"
                if change.kind is ChangeKind.WIDENED:
                    what = f"ALTER COLUMN {name} TYPE {type_name}"
                statements += [f"ALTER TABLE {table} {what}" for table in tables]
        return [*statements, self._view()] if forensic else statements

    def find_changes(self) -> list[str]:
        """Fill `changes` for a batch that brings only what is new: keys are matched first, then values compared.

        Matching reads nothing but the key columns, and only matched versions are compared: the cost is that of the
        batch, however large the rows of the table are. A snapshot is compared whole: see `compare_range`.
        """
        mode, row_id, staged = self.layout.dataset.read_mode, self.dialect.row_id, self.staging.rows
        gone = self._marked() if self.layout.dataset.deleted_mark else "false"
        changed = "false" if mode is ReadMode.APPEND else f"{gone} OR {self._differs('s', 'o')}"
        known = (
            f"CREATE TEMP TABLE {MATCHES} AS SELECT s.{row_id} AS staged_row, o.{row_id} AS open_row "
            f"FROM {staged} s JOIN {self.layout.open} o ON {self._join('s', 'o')}"
        )
        new = (
            f"INSERT INTO {CHANGES} SELECT s.{row_id}, NULL, 'I' FROM {staged} s "
            f"WHERE s.{row_id} NOT IN (SELECT staged_row FROM {MATCHES}) AND NOT {gone}"
        )
        old = (
            f"INSERT INTO {CHANGES} SELECT m.staged_row, m.open_row, CASE WHEN {gone} THEN 'D' ELSE 'U' END "
            f"FROM {self._matched()} WHERE {changed}"
        )
        return [known, new, old]

    def create_changes(self) -> list[str]:
        """An empty `changes`."""
        columns = "staged_row BIGINT, open_row BIGINT, op VARCHAR"
        return [
            f"DROP TABLE IF EXISTS {MATCHES}",
            f"DROP TABLE IF EXISTS {CHANGES}",
            f"CREATE TEMP TABLE {CHANGES} ({columns})",
        ]

    def compare_range(self, *, lower: bool, upper: bool) -> str:
        """Add to `changes` what differs between staged rows and open versions, both cut to one range of the key.

        Placeholders: the lower bound (included) where there is one, then the upper one (not included), first for the
        staged rows, then for the open versions.
        """
        row_id = self.dialect.row_id
        return (
            f"INSERT INTO {CHANGES} SELECT s.{STAGED_ROW}, o.{OPEN_ROW}, "
            f"CASE WHEN o.{OPEN_ROW} IS NULL THEN 'I' WHEN s.{STAGED_ROW} IS NULL THEN 'D' ELSE 'U' END "
            f"FROM (SELECT {row_id} AS {STAGED_ROW}, * FROM {self.staging.rows}{self._range(lower, upper)}) s "
            f"FULL OUTER JOIN (SELECT {row_id} AS {OPEN_ROW}, * FROM {self.layout.open}{self._range(lower, upper)}) o "
            f"ON {self._join('s', 'o')} "
            f"WHERE s.{STAGED_ROW} IS NULL OR o.{OPEN_ROW} IS NULL OR {self._differs('s', 'o')}"
        )

    def _range(self, lower: bool, upper: bool) -> str:
        leading = self.layout.name(self.layout.key[0])
        bounds = [f"{leading} >= ?"] * lower + [f"{leading} < ?"] * upper
        return f" WHERE {' AND '.join(bounds)}" if bounds else ""

    def key_quantiles(self, parts: int) -> str:
        """Values of the leading key column that cut the staged rows into about equal parts; empty where none can."""
        leading = self.layout.key[0]
        if not self.layout.dataset.key or leading.type.kind not in _ORDERED:
            return ""
        shares = ", ".join(f"{n / parts:.4f}" for n in range(1, parts))
        name = self.layout.name(leading)
        return f"SELECT unnest(quantile_disc(k, [{shares}])) FROM (SELECT {name} AS k FROM {self.staging.rows} USING SAMPLE 20000 ROWS)"

    def _matched(self) -> str:
        """Matched pairs with their values; bounds on the row id let the store skip what cannot match."""
        row_id = self.dialect.row_id
        return (
            f"{MATCHES} m JOIN {self.staging.rows} s ON s.{row_id} = m.staged_row "
            f"JOIN {self.layout.open} o ON o.{row_id} = m.open_row"
        )

    def _marked(self) -> str:
        """Whether a staged row carries the delete mark: true, or a deletion time."""
        mark = self.layout.dataset.column(self.layout.dataset.deleted_mark or "")
        name = f"s.{self.layout.name(mark)}"
        return f"COALESCE({name}, false)" if mark.type == BOOLEAN else f"({name} IS NOT NULL)"

    def keep_refused(self) -> str:
        """Take keys that were refused in this batch out of the deletes: what is stored of them stays."""
        return (
            f"DELETE FROM {CHANGES} WHERE op = 'D' AND open_row IN (SELECT o.{self.dialect.row_id} "
            f"FROM {self.layout.open} o JOIN {self.staging.refused_keys} r ON {self._join('o', 'r')})"
        )

    def altered(self) -> str:
        """The staged rows of an append dataset whose key is known with other values: they were said to be immutable."""
        return (
            f"(SELECT {literal(self.layout.dataset.name)} AS dataset, {self.key_text('s')} AS row_key, "
            f"'an immutable row came again with other values' AS reason, {self.dialect.row_json('s')} AS row_text "
            f"FROM {self._matched()} WHERE {self._differs('s', 'o')}) AS altered"
        )

    def key_text(self, alias: str) -> str:
        """The key of a row as one text, for people."""
        parts = [f"COALESCE(CAST({alias}.{self.layout.name(c)} AS VARCHAR), 'NULL')" for c in self.layout.key]
        return " || ', ' || ".join(parts)

    def count_marked(self) -> str:
        """How many staged rows carry the delete mark; empty where the dataset has none."""
        if not self.layout.dataset.deleted_mark:
            return ""
        return f"SELECT count(*) FROM {self.staging.rows} s WHERE {self._marked()}"

    def close_versions(self, batch: str, as_of: str) -> list[str]:
        """Copy the open versions of changed keys to the closed ones, then drop them. `batch`, `as_of`: placeholders."""
        layout = self.layout
        kept = (*layout.data, *layout.since)
        copy = (
            f"INSERT INTO {layout.closed} ({self._names((*kept, *layout.until))}) SELECT {self._names(kept, 'o')}, "
            f"{batch}, {as_of} FROM {layout.open} o WHERE o.{self.dialect.row_id} IN {_CHANGED_OPEN}"
        )
        return [copy, self.remove_rows()]

    def remove_rows(self) -> str:
        """Drop the open versions of changed keys."""
        return f"DELETE FROM {self.layout.open} WHERE {self.dialect.row_id} IN {_CHANGED_OPEN}"

    def insert_versions(self, batch: str, as_of: str, *, everything: bool) -> str:
        """Put staged rows in as open versions: all of them on the first batch, else the changed ones."""
        layout = self.layout
        changed = f" WHERE s.{self.dialect.row_id} IN (SELECT staged_row FROM {CHANGES} WHERE op <> 'D')"
        if everything:
            changed = f" WHERE NOT ({self._marked()})" if layout.dataset.deleted_mark else ""
        return (
            f"INSERT INTO {layout.open} ({self._names((*layout.data, *layout.since))}) "
            f"SELECT {self._names(layout.data, 's')}, {batch}, {as_of} FROM {self.staging.rows} s{changed}"
        )


_CHANGED_OPEN = f"(SELECT open_row FROM {CHANGES} WHERE op <> 'I')"
