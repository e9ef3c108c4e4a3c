"""The reporting schema: the columns of a campaign report in their order, and the rates that follow from the counts.

Source: contracts/ours.md. CSV headers are these names; nothing here knows what a source calls them.
"""

from __future__ import annotations

from dataclasses import dataclass

from milepost.schema import BIGINT, DATE, DOUBLE, MONEY, TEXT, TIMESTAMPTZ, Column

COLUMNS = (
    Column("date", DATE, nullable=False),  # the day of `send_time` in the account's time zone
    Column("client_id", TEXT, nullable=False),
    Column("campaign_id", TEXT),
    Column("campaign_name", TEXT),
    Column("channel", TEXT),  # email, sms, push, whatsapp
    Column("send_time", TIMESTAMPTZ),
    Column("subject_line", TEXT),
    Column("list_id", TEXT),
    Column("recipients", BIGINT),
    Column("delivered", BIGINT),
    Column("opens", BIGINT),
    Column("opens_unique", BIGINT),
    Column("clicks", BIGINT),
    Column("clicks_unique", BIGINT),
    Column("bounces", BIGINT),
    Column("unsubscribes", BIGINT),
    Column("spam_complaints", BIGINT),
    Column("conversions", BIGINT),
    Column("revenue", MONEY),
    Column("currency", TEXT),
    Column("open_rate", DOUBLE),
    Column("click_rate", DOUBLE),
    Column("click_to_open_rate", DOUBLE),
    Column("conversion_rate", DOUBLE),
    Column("bounce_rate", DOUBLE),
    Column("unsubscribe_rate", DOUBLE),
    Column("revenue_per_recipient", MONEY),
    Column("engagement_score", DOUBLE),
)
NAMES = tuple(column.name for column in COLUMNS)
SAMPLE_NAMES = ("date", "campaign_name", "send_time", "open_rate", "click_rate", "subject_line", "list_id")


@dataclass(frozen=True, slots=True)
class Rate:
    """`numerator / denominator`, null where the denominator is 0 or either is null; `most` bounds what a source says."""

    name: str
    numerator: str
    denominator: str
    most: float | None = 1.0


# clicks without an open, several orders by one recipient: those two may be above 1
RATES = (
    Rate("open_rate", "opens_unique", "delivered"),
    Rate("click_rate", "clicks_unique", "delivered"),
    Rate("click_to_open_rate", "clicks_unique", "opens_unique", most=None),
    Rate("conversion_rate", "conversions", "delivered", most=None),
    Rate("bounce_rate", "bounces", "recipients"),
    Rate("unsubscribe_rate", "unsubscribes", "delivered"),
)
RATE_DIGITS = 6
OPEN_WEIGHT, CLICK_WEIGHT = 0.7, 0.3

_SQL_TYPES = {DATE: "DATE", TEXT: "VARCHAR", TIMESTAMPTZ: "TIMESTAMPTZ", BIGINT: "BIGINT", MONEY: "DECIMAL(18,4)"}


def sql_type(column: Column) -> str:
    """DuckDB's name of the column's type."""
    return _SQL_TYPES.get(column.type, "DOUBLE")


def derived() -> dict[str, str]:
    """DuckDB expressions of the derived columns over the counts, by column; rates are rounded to 6 digits."""
    found = {r.name: f"round({r.numerator} / nullif({r.denominator}, 0)::DOUBLE, {RATE_DIGITS})" for r in RATES}
    # decimal / bigint is a double in DuckDB: exact to 15 digits, more than 4 places of any revenue of 11 digits
    found["revenue_per_recipient"] = "(revenue / nullif(recipients, 0))::DECIMAL(18,4)"
    return found


def engagement() -> str:
    """DuckDB expression of `engagement_score`: null where either rate is."""
    return f"round({OPEN_WEIGHT} * open_rate + {CLICK_WEIGHT} * click_rate, {RATE_DIGITS})"


def denominators() -> dict[str, str]:
    """The count that each derived column divides by."""
    return {rate.name: rate.denominator for rate in RATES} | {"revenue_per_recipient": "recipients"}
