"""PostgreSQL as a source, against a real server: one snapshot, exact values, whatever cannot be held is quarantined."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from chinook import ChinookDatabase
from fix_store import FORENSIC, LIVE, MILESTONING, run
from milepost.batch import Pipeline
from milepost.dataset import ReadMode
from milepost.engine.ingest import Ingest, ingest
from milepost.engine.runtime import Runtime
from milepost.errors import (
    DeletesHeld,
    SchemaRefused,
    SourceChanged,
    SourceError,
    SourceUnauthorized,
    SourceUnavailable,
)
from milepost.milestoning import Milestoning
from milepost.sandbox.postgres import PostgresServer
from milepost.sources.sql.postgres import PostgresSource, Selection

Rows = Callable[[str], list[dict]]


def source(dsn: str, **selections: Selection) -> PostgresSource:
    return PostgresSource(SecretStr(dsn), selections=selections)


def execute(dsn: str, *statements: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


# What PostgreSQL says of a value (left) must be what the store says of it (right).
EXACT = {
    "boolean": ("true", "true"),
    "smallint": ("-32768", "-32768"),
    "integer": ("2147483647", "2147483647"),
    "bigint": ("-9223372036854775808", "-9223372036854775808"),
    "real": ("'-0'", "-0.0"),
    "double precision": ("'NaN'", "nan"),
    "numeric(38,9)": ("-12345678901234567890123456789.123456789", "-12345678901234567890123456789.123456789"),
    "numeric": ("'1e-20'", "0.00000000000000000001"),
    "numeric(60,3)": ("'1e50'", "100000000000000000000000000000000000000000000000000.000"),
    "text": ("E'a\\'\\\\\\n\"é'", "a'\\\n\"é"),
    "varchar(5)": ("''", ""),
    "date": ("'0044-03-15 BC'", "0044-03-15 (BC)"),
    "time": ("'23:59:59.999999'", "23:59:59.999999"),
    "timetz": ("'12:00:00+05:30'", "12:00:00+05:30"),
    "timestamp": ("'1969-12-31 23:59:59.999999'", "1969-12-31 23:59:59.999999"),
    "timestamptz": ("'9999-12-31 23:59:59.999999+00'", "9999-12-31 23:59:59.999999+00"),
    "interval": ("'1 mon -3 days 04:05:06.000007'", "1 month -3 days 04:05:06.000007"),
    "uuid": ("'c0ffee00-0000-4000-8000-000000000001'", "c0ffee00-0000-4000-8000-000000000001"),
    "json": ("'{\"a\":  [1, null]}'", '{"a":  [1, null]}'),
    "jsonb": ("'{\"a\":  [1, null]}'", '{"a": [1, null]}'),
    "bytea": ("'\\x00ff5c'", "\\x00\\xFF\\x5C"),
    "text[]": ("ARRAY['a', NULL, 'é,']", "[a, NULL, 'é,']"),
    "numeric[]": ("ARRAY[1.10, 'NaN']::numeric[]", "[1.10, NaN]"),
    "inet": ("'10.0.0.1/8'", "10.0.0.1/8"),
    "int4range": ("'[1,5)'", "[1,5)"),
    "bit(3)": ("B'101'", "101"),
}


@pytest.mark.parametrize("milestoning", ["live", "forensic"])
def test_every_type_survives_exactly(milestoning: str, postgres_db: str, runtime: Runtime, rows_of: Rows) -> None:
    columns = ", ".join(f"c{n} {kind}" for n, kind in enumerate(EXACT))
    values = ", ".join(given for given, _ in EXACT.values())
    execute(
        postgres_db,
        f"CREATE TABLE t (id int PRIMARY KEY, {columns})",
        f"INSERT INTO t VALUES (1, {values})",
        "INSERT INTO t VALUES (2)",
    )
    pipeline = Pipeline(milestoning, "shop")
    run(runtime, source(postgres_db), pipeline)
    shown = ", ".join(f"CAST(c{n} AS VARCHAR) AS c{n}" for n in range(len(EXACT)))
    first, second = rows_of(f"SELECT {shown} FROM {milestoning}__shop.t ORDER BY id")
    assert list(first.values()) == [kept for _, kept in EXACT.values()]
    assert set(second.values()) == {None}
    again = run(runtime, source(postgres_db), pipeline)
    assert again.total.unchanged == 2, "the same values must compare as the same"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("timestamp", "'294276-12-31 23:59:59'"),
        ("timestamptz", "'294276-12-31 23:59:59+00'"),
        ("numeric(10,2)", "'NaN'"),
        ("interval", "'infinity'"),
        ("int[]", "'{{1,2},{3,4}}'"),
        ("int[]", "'[5:6]={1,2}'"),
    ],
)
def test_a_value_that_cannot_be_held_is_quarantined_and_what_is_stored_stays(
    kind: str, value: str, postgres_db: str, runtime: Runtime, rows_of: Rows
) -> None:
    execute(postgres_db, f"CREATE TABLE t (id int PRIMARY KEY, v {kind})", "INSERT INTO t VALUES (1, NULL), (2, NULL)")
    run(runtime, source(postgres_db))
    execute(postgres_db, f"UPDATE t SET v = {value} WHERE id = 2")
    report = run(runtime, source(postgres_db))
    assert (report.total.read, report.total.quarantined, report.total.deleted) == (2, 1, 0)
    assert [row["id"] for row in rows_of("SELECT id FROM forensic__shop.t__open ORDER BY id")] == [1, 2]
    assert rows_of("SELECT row_key FROM _milepost.quarantine") == [{"row_key": "2"}]


@pytest.mark.parametrize("value", ["infinity", "-infinity"])
def test_infinite_dates_and_instants_are_values(value: str, postgres_db: str, runtime: Runtime, rows_of: Rows) -> None:
    execute(postgres_db, "CREATE TABLE t (id int PRIMARY KEY, d date, i timestamptz)",
            f"INSERT INTO t VALUES (1, '{value}', '{value}')")  # fmt: skip
    run(runtime, source(postgres_db))
    assert rows_of("SELECT CAST(d AS VARCHAR) AS d, CAST(i AS VARCHAR) AS i FROM forensic__shop.t") == [
        {"d": value, "i": value}
    ]


def test_names_survive_exactly(postgres_db: str, runtime: Runtime, rows_of: Rows) -> None:
    long = "n" * 63
    execute(
        postgres_db,
        f'CREATE TABLE "select" ("Order" int PRIMARY KEY, "order" int, "it""s" int, "{long}" int, "äö" int)',
        'INSERT INTO "select" VALUES (1, 2, 3, 4, 5)',
        'CREATE TABLE "Select" (id int PRIMARY KEY)',
    )
    run(runtime, source(postgres_db))
    schema = {d.name: [c.name for c in d.columns] for d in runtime.store.checkpoint(FORENSIC).datasets.values()}
    assert schema == {"Select": ["id"], "select": ["Order", "order", 'it"s', long, "äö"]}
    (version,) = runtime.store.history(FORENSIC, "select", {"Order": "1"})
    assert [version[name] for name in schema["select"]] == [1, 2, 3, 4, 5]


def test_all_tables_are_read_at_one_instant(postgres_db: str, runtime: Runtime, rows_of: Rows) -> None:
    """Rows committed between the reading of two tables are not seen in the second."""
    execute(postgres_db, "CREATE TABLE a (id int PRIMARY KEY)", "CREATE TABLE b (id int PRIMARY KEY)")
    reader = source(postgres_db)

    def write_in_between(progress: object) -> None:
        execute(postgres_db, "INSERT INTO a VALUES (1)", "INSERT INTO b VALUES (1)")

    seen = []
    order = Ingest(
        LIVE, Milestoning.LIVE, on_progress=lambda p: (seen.append(p.dataset), len(seen) == 1 and write_in_between(p))
    )  # type: ignore[arg-type, return-value]
    ingest(runtime, reader, reader.datasets(), order)
    assert seen == ["a", "b"]
    assert rows_of("SELECT count(*) AS n FROM live__shop.b") == [{"n": 0}]
    run(runtime, reader, LIVE)
    assert rows_of("SELECT count(*) AS n FROM live__shop.b") == [{"n": 1}]


def test_columns_rows_and_key_can_be_selected(postgres_db: str, runtime: Runtime, rows_of: Rows) -> None:
    execute(postgres_db, "CREATE TABLE t (id int, code text, secret text, active boolean)",
            "INSERT INTO t VALUES (1, 'a', 'x', true), (2, 'b', 'y', false)")  # fmt: skip
    run(runtime, source(postgres_db, t=Selection(columns=("id", "code"), where="active", key=("code",))))
    assert rows_of("SELECT * EXCLUDE (_batch_in, _batch_out, _valid_from, _valid_to) FROM forensic__shop.t") == [
        {"id": 1, "code": "a"}
    ]
    assert runtime.store.checkpoint(FORENSIC).datasets["t"].key == ("code",)


def test_incremental_reads_from_the_mark_and_a_future_row_does_not_move_it(postgres_db: str, runtime: Runtime) -> None:
    execute(
        postgres_db,
        "CREATE TABLE t (id int PRIMARY KEY, at timestamptz, gone boolean)",
        "INSERT INTO t VALUES (1, now() - interval '1 hour', false), (2, now() + interval '1 year', false)",
    )
    selection = Selection(read_mode=ReadMode.INCREMENTAL, cursor="at", deleted_mark="gone")
    assert run(runtime, source(postgres_db, t=selection), LIVE).total.inserted == 2
    execute(postgres_db, "INSERT INTO t VALUES (3, now() - interval '1 minute', false)",
            "UPDATE t SET gone = true, at = now() WHERE id = 1")  # fmt: skip
    report = run(runtime, source(postgres_db, t=selection), LIVE)
    assert (report.total.inserted, report.total.deleted, report.total.read) == (1, 1, 3)


def test_a_new_column_is_followed_and_a_dropped_one_refused_until_it_is_retired(
    postgres_db: str, runtime: Runtime, rows_of: Rows
) -> None:
    execute(postgres_db, "CREATE TABLE t (id int PRIMARY KEY, a date)", "INSERT INTO t VALUES (1, '2026-01-01')")
    run(runtime, source(postgres_db))
    execute(postgres_db, "ALTER TABLE t ADD COLUMN b text", "ALTER TABLE t ALTER COLUMN id TYPE bigint")
    assert run(runtime, source(postgres_db)).schema_changes == (
        "column 'id' widened (integer → bigint)",
        "column 'b' added (text)",
    )
    execute(postgres_db, "ALTER TABLE t DROP COLUMN a")
    with pytest.raises(SchemaRefused, match="'a' dropped"):
        run(runtime, source(postgres_db))
    run(runtime, source(postgres_db, t=Selection(retired=("a",))))
    assert [row["a"] for row in rows_of("SELECT a FROM forensic__shop.t__open")] == [None]
    assert len(runtime.store.history(FORENSIC, "t", {"id": "1"})) == 2


def test_chinook_is_kept_whole(chinook: ChinookDatabase, runtime: Runtime, rows_of: Rows) -> None:
    for pipeline in (LIVE, FORENSIC):
        report = run(runtime, source(chinook.dsn), pipeline)
        assert {name: figures.inserted for name, figures in report.datasets.items()} == chinook.rows
        again = run(runtime, source(chinook.dsn), pipeline)
        assert again.total.unchanged == sum(chinook.rows.values())
    total = rows_of("SELECT sum(unit_price * quantity) AS total FROM live__shop.invoice_line")
    with psycopg.connect(chinook.dsn) as connection:
        (theirs,) = connection.execute("SELECT sum(unit_price * quantity) FROM invoice_line").fetchone() or (None,)
    assert total == [{"total": theirs}]


@pytest.mark.parametrize(
    ("broken", "error", "says"),
    [
        (
            lambda dsn: dsn.replace("postgresql://postgres:", "postgresql://postgres:wrong"),
            SourceUnauthorized,
            "password authentication failed",
        ),
        (lambda dsn: dsn.rsplit("/", 1)[0] + "/nowhere", SourceChanged, "does not exist"),
        (lambda dsn: "postgresql://nobody:secret-word@127.0.0.1:1/x", SourceUnavailable, "does not answer"),
    ],
)
def test_what_keeps_us_out_is_said_without_the_password(broken, error, says, postgres_db: str) -> None:
    dsn = broken(postgres_db)
    with pytest.raises(error, match=says) as caught:
        source(dsn).datasets()
    assert caught.value.__cause__ is None
    assert psycopg.conninfo.conninfo_to_dict(dsn)["password"] not in str(caught.value)


def test_a_table_that_is_gone_is_an_error_not_an_empty_snapshot(postgres_db: str, runtime: Runtime) -> None:
    execute(postgres_db, "CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    reader = source(postgres_db)
    datasets = reader.datasets()
    execute(postgres_db, "DROP TABLE t")
    with pytest.raises(SourceChanged, match=r'"public\.t" does not exist'):
        ingest(runtime, reader, datasets, Ingest(LIVE, MILESTONING["live"]))
    with pytest.raises(SourceChanged, match="no table 't'"):
        source(postgres_db, t=Selection()).datasets()


def test_a_vanished_table_is_held_where_all_are_read_and_accepted_as_deleted(
    postgres_db: str, runtime: Runtime, rows_of: Rows
) -> None:
    execute(postgres_db, "CREATE TABLE a (id int PRIMARY KEY)", "CREATE TABLE b (id int)", "INSERT INTO a VALUES (1)",
            "INSERT INTO b VALUES (1)")  # fmt: skip
    run(runtime, source(postgres_db))
    execute(postgres_db, "DROP TABLE b")
    reader = source(postgres_db)
    order = Ingest(FORENSIC, Milestoning.FORENSIC, whole=True)
    with pytest.raises(DeletesHeld, match="gone at the source: 'b'"):
        ingest(runtime, reader, reader.datasets(), order)
    assert runtime.store.checkpoint(FORENSIC).last_batch == 1
    report = ingest(runtime, reader, reader.datasets(), replace(order, max_delete_share=None))
    assert (report.datasets["b"].deleted, report.datasets["a"].unchanged) == (1, 1)
    assert rows_of("SELECT count(*) AS n FROM forensic__shop.b__open") == [{"n": 0}]


def test_a_bad_filter_is_the_users_fault_and_says_so(postgres_db: str, runtime: Runtime) -> None:
    execute(postgres_db, "CREATE TABLE t (id int PRIMARY KEY)")
    with pytest.raises(SourceError, match="refused a query"):
        run(runtime, source(postgres_db, t=Selection(where="id >>> 1")), LIVE)


@pytest.fixture
def encoded_db(request, postgres_server: PostgresServer) -> Iterator[str]:
    """An empty database in the encoding of the test's parameter."""
    name = f"encoded_{request.param.lower()}"
    options = f"ENCODING '{request.param}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
    execute(postgres_server.dsn(), f"CREATE DATABASE {name} {options}")
    yield postgres_server.dsn(name)
    postgres_server.drop_database(name)


@pytest.mark.parametrize("encoded_db", ["LATIN1"], indirect=True)
def test_a_database_in_another_encoding_is_read_as_what_it_says(encoded_db: str, runtime: Runtime, rows_of) -> None:
    execute(
        encoded_db,
        "SET client_encoding = 'UTF8'",
        'CREATE TABLE t (id int PRIMARY KEY, "größe" text)',
        "INSERT INTO t VALUES (1, 'Café')",
    )
    with psycopg.connect(encoded_db, autocommit=True) as connection:
        connection.execute("SET client_encoding = 'UTF8'")
        connection.execute('CREATE TABLE "täble" (id int PRIMARY KEY)')
    run(runtime, source(encoded_db), LIVE)
    assert [row["größe"] for row in rows_of("SELECT * FROM live__shop.t")] == ["Café"]


@pytest.mark.parametrize("encoded_db", ["SQL_ASCII"], indirect=True)
def test_text_in_no_known_encoding_is_said_to_be_that(encoded_db: str, runtime: Runtime) -> None:
    execute(
        encoded_db, "CREATE TABLE t (id int, v text)", r"INSERT INTO t VALUES (1, convert_from('\xe9', 'SQL_ASCII'))"
    )
    with pytest.raises(SourceError, match="not in the encoding it declares"):
        run(runtime, source(encoded_db), LIVE)


def test_an_error_in_the_middle_of_the_rows_is_the_servers_own(postgres_db: str, runtime: Runtime) -> None:
    execute(postgres_db, "CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t SELECT generate_series(1, 9)")
    with pytest.raises(SourceError, match="division by zero") as caught:
        run(runtime, source(postgres_db, t=Selection(where="1 / (id - 5) < 9")), LIVE)
    assert "where" in caught.value.hint


def test_a_server_that_dies_in_mid_read_is_an_error_and_a_later_run_works(tmp_path: Path, runtime: Runtime) -> None:
    with PostgresServer(tmp_path / "pg", durable=False) as server:
        dsn = server.create_database("dies")
        execute(
            dsn,
            "CREATE TABLE a (id int PRIMARY KEY)",
            "CREATE TABLE b (id int PRIMARY KEY)",
            "INSERT INTO a VALUES (1)",
        )
        reader = source(dsn)
        killed = []
        order = Ingest(LIVE, MILESTONING["live"], on_progress=lambda _: killed or (killed.append(1), server.kill()))  # type: ignore[arg-type, return-value]
        with pytest.raises(SourceUnavailable, match="does not answer"):
            ingest(runtime, reader, reader.datasets(), order)
        assert runtime.store.checkpoint(LIVE).last_batch == 0
        server.start()
        assert run(runtime, source(server.dsn("dies")), LIVE).total.inserted == 1
