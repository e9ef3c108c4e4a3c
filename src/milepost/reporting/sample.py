"""Plausible campaign rows of the reporting schema: any number of them, the same for the same seed. Not API look-alikes.

Made in DuckDB, all rows at once. Chance comes from the MD5 of (seed, row): it is the same in every version and in any order.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from milepost.errors import RangeInvalid
from milepost.reporting.schema import COLUMNS, derived, engagement, sql_type

if TYPE_CHECKING:
    import pyarrow as pa

SAMPLE_SEED, SAMPLE_ROWS, SAMPLE_START = 7, 12, date(2026, 1, 5)

# (campaign, subject line); {} is what the campaign is about
_CAMPAIGNS = (
    ("Weekly Edit: {}", "This week: {} you'll love"),
    ("New In: {}", "Just landed: {}"),
    ("Flash Sale: {}", "24 hours only: 20% off {} ⚡"),
    ("VIP Early Access: {}", "You're first: {} before anyone else"),
    ("Back in Stock: {}", "They're back! {}"),
    ("Win-back: {}", "We miss you. Here's 15% off {}"),
    ("Gift Guide: {}", 'The "{}" gift guide, under $50'),
    ("Survey: {}", "Two minutes on {}, please?"),
)
_SUBJECTS = (
    "Linen, Cotton & Wool",
    "Trail Shoes",
    "Crème Brûlée Kits",
    "Ceramics",
    "Cold Brew",
    "Rain Jackets",
    "Notebooks",
    "Houseplants",
    "Bike Lights",
    "Olive Oil",
    "Candles",
    "Board Games",
)
_LISTS = ("VxR9kq", "Qm2TzB", "J7dLpe", "Ww4hSn", "Y3bKfa")


def sample_rows(
    rows: int,
    *,
    seed: int = SAMPLE_SEED,
    start: date = SAMPLE_START,
    days: int = 365,
    client_id: str = "sample",
    zone: ZoneInfo | None = None,
) -> pa.Table:
    """`rows` e-mail campaigns over `days` days from `start` in `zone` (UTC where none is given), in order of day.

    Rates follow from the counts, and counts from each other: recipients ≥ delivered ≥ opens_unique ≥ clicks_unique ≥
    conversions. Three to five seconds for a million rows on 2 cores. Raises RangeInvalid.
    """
    import duckdb
    import pyarrow as pa

    if rows < 0 or days < 1:
        raise RangeInvalid(f"cannot make {rows} rows over {days} days", hint="rows from 0 up, days from 1 up")
    parameters = {
        "rows": rows, "seed": seed, "start": start, "days": days, "client": client_id,
        "zone": zone.key if zone else "UTC", "lists": list(_LISTS), "subjects": list(_SUBJECTS),
        "names": [name for name, _ in _CAMPAIGNS], "lines": [line for _, line in _CAMPAIGNS],
    }  # fmt: skip
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        made = con.execute(_sql(), parameters).to_arrow_table()
    instant = made.schema.get_field_index("send_time")
    return made.cast(made.schema.set(instant, pa.field("send_time", pa.timestamp("us", tz="UTC"))))


def _chance(draw: int) -> str:
    """A number from 0 up to 1: one of 16, of 16 bits each, that a row has."""
    digest, part = ("a", draw) if draw < 8 else ("b", draw - 8)
    return f"((({digest} >> {16 * part}) & 65535)::DOUBLE / 65536)"


def _pick(draw: int, array: str) -> str:
    return f"{array}[1 + floor({_chance(draw)} * len({array}))::INT]"


def _share(whole: str, draw: int, low: float, high: float) -> str:
    """A whole number between two shares of another."""
    return f"floor({whole} * ({low} + {high - low} * {_chance(draw)}))::BIGINT"


def _sql() -> str:
    # The bell curve of recipients: three even chances added are near enough to a normal one.
    bell = f"({_chance(0)} + {_chance(1)} + {_chance(2)} - 1.5)"
    send = f"timezone($zone, day::TIMESTAMP + INTERVAL 1 MINUTE * (420 + 15 * floor(52 * {_chance(3)})::INT))"
    return f"""
        WITH made AS (
            SELECT i, md5_number($seed || ':' || i) AS a, md5_number(i || ':' || $seed) AS b,
                   $start::DATE + (i * $days // greatest($rows, 1))::INT AS day
            FROM range($rows) AS numbers(i)),
        sent AS (
            SELECT i, a, b, day AS date, $client AS client_id, '01' || upper(left(md5($seed || 'c' || i), 24)) AS campaign_id,
                   1 + floor({_chance(4)} * len($names))::INT AS kind, {_pick(5, "$subjects")} AS about, 'email' AS channel,
                   {send} AS send_time, {_pick(6, "$lists")} AS list_id, 1 + floor(exp(8.5 + 2 * {bell}))::BIGINT AS recipients
            FROM made),
        bounced AS (SELECT *, {_share("recipients", 7, 0.001, 0.025)} AS bounces FROM sent),
        delivered AS (SELECT *, recipients - bounces AS delivered FROM bounced),
        opened AS (
            SELECT *, {_share("delivered", 8, 0.22, 0.58)} AS opens_unique,
                   {_share("delivered", 9, 0.0004, 0.005)} AS unsubscribes, {_share("delivered", 10, 0, 0.0006)} AS spam_complaints
            FROM delivered),
        clicked AS (
            SELECT *, opens_unique + {_share("opens_unique", 11, 0.1, 0.9)} AS opens,
                   {_share("opens_unique", 12, 0.02, 0.17)} AS clicks_unique FROM opened),
        bought AS (
            SELECT *, clicks_unique + {_share("clicks_unique", 13, 0.05, 0.6)} AS clicks,
                   {_share("clicks_unique", 14, 0, 0.12)} AS conversions FROM clicked),
        counted AS (
            SELECT *, replace($names[kind], '{{}}', about) AS campaign_name, replace($lines[kind], '{{}}', about) AS subject_line,
                   (conversions * round(25 + 95 * {_chance(15)}, 2))::DECIMAL(18,4) AS revenue, 'USD' AS currency FROM bought),
        rated AS (SELECT *, {", ".join(f"{sql} AS {name}" for name, sql in derived().items())} FROM counted),
        scored AS (SELECT *, {engagement()} AS engagement_score FROM rated)
        SELECT {", ".join(f"{column.name}::{sql_type(column)} AS {column.name}" for column in COLUMNS)} FROM scored ORDER BY i"""
