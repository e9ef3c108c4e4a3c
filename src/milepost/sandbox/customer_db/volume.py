"""The customers of the benchmarks: any number of rows, made and changed by the server itself, always the same ones.

The table is that of the published baselines (a bigint key, snake case), so measurements compare. Not the worked
example's `customers`: give it a database of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from milepost.errors import RangeInvalid

if TYPE_CHECKING:
    from psycopg import Connection, sql

TABLE = "customers"
_BUCKETS = 100_000

# Values are arithmetic on the row number: no random(), so that two loads are equal and no seed has to be kept.
_VALUES = """
    n,
    (ARRAY['Ada','Bruno','Chloé','Dmitri','Esra','Farid','Grace','Hiro','Inés','Jun'])[n %% 10 + 1] || n %% 1000,
    (ARRAY['Fenwick','Castellan','O''Hara','Halloran','Lindqvist','Moreau','Nakano','Okafor'])[n %% 8 + 1],
    date '1940-01-01' + (n * 7919 %% 25000)::int,
    CASE WHEN n %% 50 <> 0 THEN 'customer' || n || '@example.com' END,
    CASE WHEN n %% 20 <> 0 THEN '+1-555-' || lpad((n %% 10000000)::text, 7, '0') END,
    n * 2,
    CASE WHEN n %% 3 <> 0 THEN n * 2 + 1 END
"""
_CREATE = """
    CREATE TABLE {table} (
        "id" bigint NOT NULL, "first_name" text NOT NULL, "last_name" text NOT NULL, "dob" date NOT NULL,
        "email" text, "phone" text, "primary_address_id" bigint NOT NULL, "billing_address_id" bigint
    )
"""
# A hash of key and round spreads the changes over the table and differs from round to round; the mask drops its sign.
_BUCKET = """((hashint8extended("id", %(round)s) & 9223372036854775807) %% 100000)"""
_UPDATE = f"""
    UPDATE {{table}} SET
        "email" = CASE "id" %% 3 WHEN 0 THEN 'moved' || %(round)s || '.' || "id" || '@example.com' ELSE "email" END,
        "phone" = CASE WHEN "id" %% 3 <> 1 THEN "phone" WHEN "phone" IS NULL THEN '' END,
        "last_name" = CASE "id" %% 3 WHEN 2 THEN "last_name" || '-' || %(round)s ELSE "last_name" END
    WHERE {_BUCKET} >= %(removed)s AND {_BUCKET} < %(updated)s
"""
_DELETE = f"DELETE FROM {{table}} WHERE {_BUCKET} < %(removed)s"


@dataclass(frozen=True, slots=True)
class CustomerChanges:
    """How many rows one round of changes touched."""

    updates: int
    deletes: int
    inserts: int


def load_customers(dsn: str, rows: int, *, table: str = TABLE) -> None:
    """Make the table anew with the keys 1 to `rows`, a primary key and statistics (1,000,000 rows: 2 to 3 s)."""
    import psycopg
    from psycopg import sql

    name = sql.Identifier(table)
    with psycopg.connect(dsn, autocommit=True) as connection:
        with connection.transaction():
            connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(name))
            connection.execute(sql.SQL(_CREATE).format(table=name))
            _insert(connection, name, 1, rows)
            connection.execute(sql.SQL('ALTER TABLE {} ADD PRIMARY KEY ("id")').format(name))
        connection.execute(sql.SQL("VACUUM (ANALYZE) {}").format(name))


def change_customers(
    dsn: str,
    share: float = 0.01,
    *,
    deletes: float | None = None,
    inserts: float | None = None,
    round_: int = 1,
    table: str = TABLE,
) -> CustomerChanges:
    """One transaction: update about `share` of the rows, delete and insert about a tenth of that each.

    Shares are fractions of the rows, in steps of 1/100,000. The same `round_` on the same table changes the same
    rows in the same way; give each batch its own round. An update changes one of e-mail, phone and last name, always
    to a value it did not have. Raises: RangeInvalid if a share is below 0, or updates and deletes are more than 1.
    """
    import psycopg
    from psycopg import sql

    _check_shares(share, deletes or 0.0, inserts or 0.0)
    name = sql.Identifier(table)
    removed = round((share / 10 if deletes is None else deletes) * _BUCKETS)
    values = {"round": round_, "removed": removed, "updated": removed + round(share * _BUCKETS)}
    added = share / 10 if inserts is None else inserts
    with psycopg.connect(dsn) as connection:
        rows, last = connection.execute(sql.SQL('SELECT count(*), max("id") FROM {}').format(name)).fetchone() or (0, 0)
        deleted = connection.execute(sql.SQL(_DELETE).format(table=name), values)
        updated = connection.execute(sql.SQL(_UPDATE).format(table=name), values)
        new = round(rows * added)
        _insert(connection, name, last + 1, last + new)
        return CustomerChanges(updated.rowcount, deleted.rowcount, new)


def _check_shares(updates: float, deletes: float, inserts: float) -> None:
    if min(updates, deletes, inserts) < 0 or updates + deletes > 1:
        raise RangeInvalid(
            f"change customers: share {updates}, deletes {deletes}, inserts {inserts} "
            "(expected none below 0; updates and deletes together at most 1)"
        )


def _insert(connection: Connection, table: sql.Identifier, first: int, last: int) -> None:
    from psycopg import sql

    statement = sql.SQL(f"INSERT INTO {{}} SELECT {_VALUES} FROM generate_series(%s::bigint, %s::bigint) AS n")
    connection.execute(statement.format(table), (first, last))
