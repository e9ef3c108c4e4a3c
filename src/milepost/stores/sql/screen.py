"""Screening staged rows before a merge: no key, or one key with two values, goes to quarantine; equal rows count once.

Why never a winner: of two rows with one key nobody can say which is right, so both are refused and what is stored of
that key stays as it is (docs/decisions/0005-duplicates-and-keyless.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from milepost.stores.sql.dialect import literal
from milepost.stores.sql.render import Renderer

Run = Callable[[str, Sequence[object]], list[tuple[object, ...]]]
NO_KEY = "the key is NULL"
TWO_VALUES = "the key stands more than once, with different values"


@dataclass(frozen=True, slots=True)
class Screened:
    """Rows taken out of staging: equal ones that counted more than once, and refused ones."""

    duplicates: int
    refused: int


@dataclass(frozen=True, slots=True)
class Screening:
    """Screens one dataset's staging through `run`; `refused` is the relation that refused rows go to."""

    run: Run
    renderer: Renderer
    refused: str

    def screen(self) -> Screened:
        """Leave exactly one row per key in staging; number equal rows of a keyless dataset."""
        rows = self.renderer.staging.rows
        if not self.renderer.layout.dataset.key:
            self._number_occurrences()
            return Screened(0, 0)
        keys = [self.renderer.layout.name(c) for c in self.renderer.layout.key]
        count = self._count(f"SELECT count(*) FROM {rows}")
        without = " OR ".join(f"{k} IS NULL" for k in keys)
        refused = self._refuse(f"SELECT * FROM {rows} WHERE {without}", NO_KEY)
        if refused:
            self.run(f"DELETE FROM {rows} WHERE {without}", ())
        if len(keys) == 1:
            distinct = self._count(f"SELECT count(DISTINCT {keys[0]}) FROM {rows}")
        else:
            distinct = self._count(f"SELECT count(*) FROM (SELECT 1 FROM {rows} GROUP BY {', '.join(keys)})")
        if distinct == count - refused:
            return Screened(0, refused)
        return self._resolve(", ".join(keys), count - refused, refused)

    def _resolve(self, keys: str, count: int, refused: int) -> Screened:
        rows, twice = self.renderer.staging.rows, self.renderer.staging.refused_keys
        exact = ", ".join(
            f"{self.renderer.dialect.exact(self.renderer.layout.name(c), c.type)}" for c in self.renderer.layout.data
        )
        versions = f'{rows[:-1]}_versions"'
        repeated = f"({keys}) IN (SELECT {keys} FROM {rows} GROUP BY {keys} HAVING count(*) > 1)"
        self.run(
            f"CREATE TABLE {versions} AS SELECT * FROM {rows} WHERE {repeated} "
            f"QUALIFY row_number() OVER (PARTITION BY {exact}) = 1",
            (),
        )
        self.run(
            f"INSERT INTO {twice} SELECT {keys} FROM {versions} GROUP BY {keys} HAVING count(*) > 1",
            (),
        )
        disputed = f"({keys}) IN (SELECT {keys} FROM {twice})"
        disputed_rows = self._refuse(f"SELECT * FROM {rows} WHERE {disputed}", TWO_VALUES)
        self.run(f"DELETE FROM {rows} WHERE {repeated}", ())
        self.run(f"INSERT INTO {rows} SELECT * FROM {versions} WHERE NOT ({disputed})", ())
        self.run(f"DROP TABLE {versions}", ())
        left = self._count(f"SELECT count(*) FROM {rows}")
        return Screened(count - disputed_rows - left, refused + disputed_rows)

    def _number_occurrences(self) -> None:
        layout, rows = self.renderer.layout, self.renderer.staging.rows
        occurrence = layout.key[-1]
        exact = ", ".join(self.renderer.dialect.exact(layout.name(c), c.type) for c in layout.dataset.columns)
        numbered = f'{rows[:-1]}_numbered"'
        self.run(
            f"CREATE TABLE {numbered} AS SELECT *, row_number() OVER (PARTITION BY {exact}) "
            f"AS {layout.name(occurrence)} FROM {rows}",
            (),
        )
        self.run(f"DROP TABLE {rows}", ())
        self.run(f"ALTER TABLE {numbered} RENAME TO {rows.rsplit('.', 1)[-1]}", ())

    def _refuse(self, select: str, reason: str) -> int:
        dataset = literal(self.renderer.layout.dataset.name)
        self.run(
            f"INSERT INTO {self.refused} SELECT {dataset}, {self.renderer.key_text('s')}, {literal(reason)}, "
            f"{self.renderer.dialect.row_json('s')} FROM ({select}) s",
            (),
        )
        return self._count(f"SELECT count(*) FROM ({select})")

    def _count(self, query: str) -> int:
        return int(str(self.run(query, ())[0][0]))
