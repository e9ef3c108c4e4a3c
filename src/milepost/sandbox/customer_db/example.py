"""Makes the worked example's two tables with their first rows; what happens to the rows later is for `changes`."""

from __future__ import annotations

from importlib.resources import files


def create_customer_db(dsn: str) -> bool:
    """Make `customers` (5 rows) and `addresses` (8 rows) in the database, in one transaction.

    Returns False and changes nothing where `customers` is there already.
    """
    import psycopg

    with psycopg.connect(dsn) as connection:
        if connection.execute("""SELECT to_regclass('"customers"')""").fetchone() != (None,):
            return False
        for script in ("schema.sql", "seed.sql"):
            connection.execute(files(__package__).joinpath(script).read_bytes())
    return True
