"""Staging of one batch: rows from Arrow into a private in-memory DuckDB, cast to their declared types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from milepost.dataset import Dataset
from milepost.errors import SourceChanged
from milepost.ports import ArrowStream, Pourable, Refusal
from milepost.schema import Kind
from milepost.stores.duckdb.casting import cast
from milepost.stores.duckdb.dialect import DUCKDB
from milepost.stores.sql.dialect import literal, quote
from milepost.stores.sql.layout import column_names
from milepost.stores.sql.render import Staging

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

SCHEMA = '"memory"."staged"'
REFUSED = f'{SCHEMA}."refused"'
_INSTANTS = frozenset({Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ})
_FIXED = "8 * count({})"
_BYTES_OF = {
    Kind.TEXT: "COALESCE(sum(strlen({})), 0)",
    Kind.JSON: "COALESCE(sum(strlen({})), 0)",
    Kind.BYTES: "COALESCE(sum(octet_length({})), 0)",
    Kind.LIST: "COALESCE(sum(strlen(CAST({} AS VARCHAR))), 0)",
}
NOT_OF_ITS_TYPE = "a value is not of its declared type, or would lose something in it"
_FLUSH_BYTES = 32_000_000
_RAW = f'{SCHEMA}."raw"'


@dataclass(slots=True)
class Staged:
    """One dataset in staging: where its rows are, and what was counted on the way in."""

    dataset: Dataset
    relations: Staging
    columns: Mapping[str, str]
    read: int = 0
    refused: int = 0
    waiting: list[pa.Table] = field(default_factory=list)
    waiting_bytes: int = 0


@dataclass(slots=True)
class DuckDBStaging:
    """The staging area of one batch. Not for several threads at once."""

    connection: duckdb.DuckDBPyConnection
    known_columns: Mapping[str, Mapping[str, str]]
    datasets: dict[str, Staged] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.connection.execute(f"CREATE SCHEMA {SCHEMA}")
        self.connection.execute(
            f"CREATE TABLE {REFUSED} (dataset VARCHAR, row_key VARCHAR, reason VARCHAR, row_text VARCHAR)"
        )

    def stage(self, dataset: Dataset, rows: ArrowStream) -> int:
        """Add rows; a value that is not of its declared type refuses its row. Raises SourceChanged, SourceError.

        Small tables wait until there are enough of them: a thousand inserts of a page each cost more than one of all.
        """
        staged = self.datasets.get(dataset.name) or self._begin(dataset)
        if isinstance(rows, Pourable):
            added = self._insert(staged, rows)
        else:
            reader = _reader(rows, dataset)
            added = (
                self._wait(staged, reader)
                if isinstance(rows, _table_type())
                else self._insert(staged, ArrowRows(reader))
            )
        staged.read += added
        return added

    def _wait(self, staged: Staged, reader: pa.RecordBatchReader) -> int:
        table = reader.read_all()
        if staged.waiting and staged.waiting[0].schema != table.schema:
            self._flush(staged)
        staged.waiting.append(table)
        staged.waiting_bytes += table.nbytes
        if staged.waiting_bytes >= _FLUSH_BYTES:
            self._flush(staged)
        return int(table.num_rows)

    def flush(self) -> None:
        """Insert what waits: before staging is screened or asked anything."""
        for staged in self.datasets.values():
            self._flush(staged)

    def _flush(self, staged: Staged) -> None:
        if staged.waiting:
            import pyarrow as pa

            self._insert(staged, ArrowRows(pa.concat_tables(staged.waiting).to_reader()))
            staged.waiting, staged.waiting_bytes = [], 0

    def _insert(self, staged: Staged, incoming: Pourable) -> int:
        plain = [DUCKDB.type_name(c.type) for c in staged.dataset.columns] == list(incoming.types(self.connection))
        return self._insert_plain(staged, incoming) if plain else self._insert_cast(staged, incoming)

    def value_bytes(self, name: str) -> int:
        """The bytes of a dataset's staged values: texts by their length, everything else by its fixed width."""
        staged = self.datasets[name]
        sums = [
            _BYTES_OF.get(c.type.kind, _FIXED).format(quote(staged.columns[c.name])) for c in staged.dataset.columns
        ]
        return int(self.connection.execute(f"SELECT {' + '.join(sums)} FROM {staged.relations.rows}").fetchall()[0][0])

    def refuse(self, refusals: Sequence[Refusal]) -> None:
        """Keep rows that the source could not understand, and their keys, so that what is stored of them stays."""
        if not refusals:
            return
        self.connection.executemany(
            f"INSERT INTO {REFUSED} VALUES (?, ?, ?, ?)",
            [(r.dataset, ", ".join(r.key), r.reason, r.row) for r in refusals],
        )
        for refusal in refusals:
            staged = self.datasets[refusal.dataset]
            staged.read += 1
            staged.refused += 1
            kinds = [DUCKDB.type_name(staged.dataset.column(name).type) for name in staged.dataset.key]
            if len(kinds) == len(refusal.key):
                values = ", ".join(f"TRY_CAST(? AS {kind})" for kind in kinds)
                self.connection.execute(f"INSERT INTO {staged.relations.refused_keys} SELECT {values}", refusal.key)

    def begin(self, dataset: Dataset) -> None:
        """Make the dataset part of the batch even if no row comes."""
        if dataset.name not in self.datasets:
            self._begin(dataset)

    def highest(self, dataset: Dataset, now: datetime, known: str | None) -> str | None:
        """The highest cursor value staged, or `known` where that is higher; instants after `now` do not count."""
        self.flush()
        staged, column = self.datasets[dataset.name], dataset.column(dataset.cursor or "")
        name, kind = quote(staged.columns[column.name]), DUCKDB.type_name(column.type)
        past = f" WHERE {name} <= CAST(? AS {kind})" if column.type.kind in _INSTANTS else ""
        values: list[object] = [known, *([now.isoformat()] if past else [])]
        rows = self.connection.execute(
            f"SELECT CAST(greatest(CAST(? AS {kind}), max({name})) AS VARCHAR) FROM {staged.relations.rows}{past}",
            values,
        ).fetchall()
        return None if rows[0][0] is None else str(rows[0][0])

    def _begin(self, dataset: Dataset) -> Staged:
        index = len(self.datasets)
        relations = Staging(f'{SCHEMA}."d{index}"', f'{SCHEMA}."d{index}_refused"')
        columns = column_names(dataset, self.known_columns.get(dataset.name, {}))
        staged = self.datasets[dataset.name] = Staged(dataset, relations, columns)
        types = {c.name: f"{quote(columns[c.name])} {DUCKDB.type_name(c.type)}" for c in dataset.columns}
        self.connection.execute(f"CREATE TABLE {relations.rows} ({', '.join(types.values())})")
        keys = ", ".join(types[name] for name in dataset.key or types)
        self.connection.execute(f"CREATE TABLE {relations.refused_keys} ({keys})")
        return staged

    def _insert_plain(self, staged: Staged, incoming: Pourable) -> int:
        return incoming.pour(self.connection, f"INSERT INTO {staged.relations.rows}")

    def _insert_cast(self, staged: Staged, incoming: Pourable) -> int:
        incoming.pour(self.connection, f"CREATE OR REPLACE TABLE {_RAW} AS")
        described = self.connection.execute(f"DESCRIBE {_RAW}").fetchall()
        names = {c.name: quote(str(row[0])) for c, row in zip(staged.dataset.columns, described, strict=True)}
        casts = {
            c.name: cast(names[c.name], str(row[1]), c.type)
            for c, row in zip(staged.dataset.columns, described, strict=True)
        }
        keys = staged.dataset.key or tuple(casts)
        broken = " OR ".join(c.broken for c in casts.values())
        whole = ", ".join(f"{quote(staged.columns[name])} := {column}" for name, column in names.items())
        shown = " || ', ' || ".join(f"COALESCE(CAST({names[key]} AS VARCHAR), 'NULL')" for key in keys)
        staged.refused += self._counted(
            f"INSERT INTO {REFUSED} SELECT {literal(staged.dataset.name)}, {shown}, {literal(NOT_OF_ITS_TYPE)}, "
            f"CAST(to_json(struct_pack({whole})) AS VARCHAR) FROM {_RAW} WHERE {broken}"
        )
        self.connection.execute(
            f"INSERT INTO {staged.relations.refused_keys} "
            f"SELECT {', '.join(casts[key].expression for key in keys)} FROM {_RAW} WHERE {broken}"
        )
        self.connection.execute(
            f"INSERT INTO {staged.relations.rows} SELECT {', '.join(c.expression for c in casts.values())} "
            f"FROM {_RAW} WHERE NOT ({broken})"
        )
        return self._counted(f"SELECT count(*) FROM {_RAW}")

    def _counted(self, statement: str) -> int:
        return int(self.connection.execute(statement).fetchall()[0][0])


@dataclass(frozen=True, slots=True)
class ArrowRows:
    """An Arrow stream as rows to pour; its columns are already in the dataset's order."""

    reader: pa.RecordBatchReader

    def types(self, connection: duckdb.DuckDBPyConnection) -> list[str]:
        """The DuckDB type of each column."""
        connection.register("shape", self.reader.schema.empty_table())
        described = connection.execute("DESCRIBE SELECT * FROM shape").fetchall()
        connection.unregister("shape")
        return [str(row[1]) for row in described]

    def pour(self, connection: duckdb.DuckDBPyConnection, into: str) -> int:
        """Run `into` on the rows."""
        connection.register("incoming", self.reader)
        try:
            return int(connection.execute(f"{into} SELECT * FROM incoming").fetchall()[0][0])
        finally:
            connection.unregister("incoming")

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.reader.__arrow_c_stream__(requested_schema)


def _table_type() -> type:
    import pyarrow as pa

    return pa.Table  # type: ignore[no-any-return]


def _reader(rows: ArrowStream, dataset: Dataset) -> pa.RecordBatchReader:
    """The rows with exactly the dataset's columns, in its order, under names that cannot collide by case."""
    import pyarrow as pa

    reader = rows if isinstance(rows, pa.RecordBatchReader) else pa.RecordBatchReader.from_stream(rows)
    wanted, offered = [c.name for c in dataset.columns], list(reader.schema.names)
    if sorted(wanted) != sorted(offered):
        missing, extra = set(wanted) - set(offered), set(offered) - set(wanted)
        raise SourceChanged(
            f"dataset {dataset.name!r} came with other columns than declared: "
            f"missing {sorted(missing) or 'none'}, unknown {sorted(extra) or 'none'}",
            hint="read the datastore's columns again, or correct the declaration",
        )
    if wanted == offered and len({name.casefold() for name in wanted}) == len(wanted):
        return reader
    order = [offered.index(name) for name in wanted]
    schema = pa.schema([reader.schema.field(i).with_name(f"c{n}") for n, i in enumerate(order)])
    batches = (pa.RecordBatch.from_arrays([batch.column(i) for i in order], schema=schema) for batch in reader)
    return pa.RecordBatchReader.from_batches(schema, batches)
