"""Raw rows of every source become the same rows; what cannot be read is refused with its reason, and nothing is lost."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from milepost.errors import UnknownName
from milepost.reporting.mapping import Mapped, map_rows
from milepost.reporting.names import SOURCES
from milepost.reporting.sample import sample_rows
from milepost.reporting.schema import NAMES, RATES

NEW_YORK, PARIS = ZoneInfo("America/New_York"), ZoneInfo("Europe/Paris")


def mapped(*rows: dict[str, object], source: str = "klaviyo", zone: ZoneInfo = NEW_YORK) -> Mapped:
    names = dict.fromkeys(name for row in rows for name in row)
    table = pa.table({name: [row.get(name) for row in rows] for name in names})
    return map_rows(source, table, client_id="north", zone=zone)


def one(row: dict[str, object], **how) -> dict[str, object]:
    outcome = mapped(row, **how)
    assert outcome.refused.to_pylist() == []
    return outcome.rows.to_pylist()[0]


def reason(row: dict[str, object], **how) -> str:
    outcome = mapped(row, **how)
    assert outcome.rows.num_rows == 0
    return outcome.refused["reason"][0].as_py()


def test_klaviyo_campaign_with_its_values_report() -> None:
    row = one(
        {
            "id": "01A",
            "attributes": {"name": "Spring", "send_time": "2026-03-01T02:30:00+00:00", "status": "Sent", "audiences": {"included": ["L1", "L2"]}},
            "groupings": {"send_channel": "email", "campaign_message_id": "M1"},
            "statistics": {"recipients": 1000, "delivered": 990.0, "opens_unique": 495.0, "clicks_unique": 99.0, "bounced": 10,
                           "conversion_value": 123.4, "open_rate": 0.5, "conversions": 3.0, "unsubscribes": 0},
            "subject": "Hello, “you”",
        }
    )  # fmt: skip
    assert {name: value for name, value in row.items() if value is not None} == {
        "date": date(2026, 2, 28), "client_id": "north", "campaign_id": "01A", "campaign_name": "Spring", "channel": "email",
        "send_time": datetime(2026, 3, 1, 2, 30, tzinfo=UTC), "subject_line": "Hello, “you”", "list_id": "L1,L2",
        "recipients": 1000, "delivered": 990, "opens_unique": 495, "clicks_unique": 99, "bounces": 10, "unsubscribes": 0,
        "conversions": 3, "revenue": Decimal("123.4000"), "open_rate": 0.5, "click_rate": 0.1, "click_to_open_rate": 0.2,
        "conversion_rate": 0.00303, "bounce_rate": 0.01, "unsubscribe_rate": 0.0, "revenue_per_recipient": Decimal("0.1234"),
        "engagement_score": 0.38,
    }  # fmt: skip
    assert list(row) == list(NAMES)


def test_fivetran_landed_rows() -> None:
    row = one(
        {
            "id": "01A", "name": "Spring", "subject": None, "content_subject": "Hi", "_fivetran_deleted": False, "_fivetran_synced": "x",
            "sent_at": datetime(2026, 3, 1, 2, 30), "count_received_email": 90, "unique_count_opened_email": 45,  # noqa: DTZ001
            "sum_revenue_placed_order": Decimal("10.5"), "campaign_type": "Email",
        },
        source="fivetran",
    )  # fmt: skip
    assert (row["subject_line"], row["delivered"], row["open_rate"], row["revenue"]) == (
        "Hi",
        90,
        0.5,
        Decimal("10.5000"),
    )
    assert (row["date"], row["send_time"]) == (date(2026, 2, 28), datetime(2026, 3, 1, 2, 30, tzinfo=UTC))


def test_supermetrics_cells_are_texts_and_its_clock_is_the_account_s() -> None:
    row = one(
        {
            "date": "2026-03-01", "campaign_id": "01A", "campaign_send_datetime": "2026-03-01 21:30:00", "campaign_subject": "Hi",
            "klaviyo_received_email": "1,990", "klaviyo_opened_email_unique": "995.0", "klaviyo_click_rate": "5.1%",
            "shopify_placed_order_value": "1,234.50", "klaviyo_bounced_email": "n/a", "account_name": "North",
        },
        source="supermetrics",
    )  # fmt: skip
    assert row["send_time"] == datetime(2026, 3, 2, 2, 30, tzinfo=UTC)
    assert (row["date"], row["delivered"], row["bounces"]) == (date(2026, 3, 1), 1990, None)
    assert (row["open_rate"], row["click_rate"], row["revenue"]) == (0.5, 0.051, Decimal("1234.5000"))
    assert row["engagement_score"] == pytest.approx(0.7 * 0.5 + 0.3 * 0.051)


DAY = {"campaign_id": "c", "date": "2026-01-05"}


@pytest.mark.parametrize(
    ("raw", "zone", "instant", "day"),
    [
        ("2026-01-05T00:30:00Z", NEW_YORK, datetime(2026, 1, 5, 0, 30, tzinfo=UTC), date(2026, 1, 4)),
        ("2026-01-05 00:30:00+00:00", PARIS, datetime(2026, 1, 5, 0, 30, tzinfo=UTC), date(2026, 1, 5)),
        ("2026-01-05T23:30:00.123456Z", PARIS, datetime(2026, 1, 5, 23, 30, 0, 123456, tzinfo=UTC), date(2026, 1, 6)),
        ("2026-01-05T10:00:00+0530", NEW_YORK, datetime(2026, 1, 5, 4, 30, tzinfo=UTC), date(2026, 1, 4)),
        ("2026-07-05T03:59:59Z", NEW_YORK, datetime(2026, 7, 5, 3, 59, 59, tzinfo=UTC), date(2026, 7, 4)),
        ("1767573000", NEW_YORK, datetime(2026, 1, 5, 0, 30, tzinfo=UTC), date(2026, 1, 4)),
        (1767573000, NEW_YORK, datetime(2026, 1, 5, 0, 30, tzinfo=UTC), date(2026, 1, 4)),
        (
            datetime(2026, 1, 5, 1, 30, tzinfo=PARIS),
            NEW_YORK,
            datetime(2026, 1, 5, 0, 30, tzinfo=UTC),
            date(2026, 1, 4),
        ),
        (datetime(2026, 1, 5, 0, 30), NEW_YORK, datetime(2026, 1, 5, 0, 30, tzinfo=UTC), date(2026, 1, 4)),  # noqa: DTZ001
    ],
)
def test_the_day_is_that_of_the_account(raw: object, zone: ZoneInfo, instant: datetime, day: date) -> None:
    row = one({"campaign_id": "c", "send_time": raw}, zone=zone)
    assert (row["send_time"], row["date"]) == (instant, day)


@pytest.mark.parametrize(
    ("raw", "day"),
    [
        ("2026-01-05", date(2026, 1, 5)),
        (" 2026-1-5 ", date(2026, 1, 5)),
        ("20260105", date(2026, 1, 5)),
        ("2026-01-05T00:00:00", date(2026, 1, 5)),
        ("2026-01-05 00:00", date(2026, 1, 5)),
        ("2026-01-05T03:00:00Z", date(2026, 1, 4)),
        (date(2026, 1, 5), date(2026, 1, 5)),
        (datetime(2026, 1, 5), date(2026, 1, 5)),  # noqa: DTZ001
    ],
)
def test_days(raw: object, day: date) -> None:
    assert one({"campaign_id": "c", "date": raw})["date"] == day


@pytest.mark.parametrize(
    ("field", "raw", "expected"),
    [
        ("recipients", "12", 12), ("recipients", 12.0, 12), ("recipients", "1e3", 1000), ("recipients", " 1,234,567 ", 1234567),
        ("recipients", float("nan"), None), ("recipients", "", None), ("recipients", "NULL", None), ("recipients", "--", None),
        ("recipients", Decimal("7.00"), 7), ("recipients", 2**53 + 1, 2**53 + 1),
        ("conversion_value", "-5.5", Decimal("-5.5000")), ("conversion_value", 0.1, Decimal("0.1000")),
        ("conversion_value", 3, Decimal("3.0000")), ("conversion_value", "12345678901234.5678", Decimal("12345678901234.5678")),
        ("open_rate", "0.25", 0.25), ("open_rate", "25 %", 0.25), ("open_rate", 1, 1.0), ("open_rate", float("nan"), None),
        ("conversion_rate", 1.5, 1.5),
        ("currency", "usd", "USD"), ("currency", "", None),
        ("send_channel", "mobile_push", "push"), ("send_channel", "push-notification", "push"), ("send_channel", "SMS", "sms"),
        ("name", "  ", None), ("name", "null", "null"),
    ],
)  # fmt: skip
def test_values(field: str, raw: object, expected: object) -> None:
    target = {"conversion_value": "revenue", "send_channel": "channel", "name": "campaign_name"}.get(field, field)
    assert one({**DAY, field: raw})[target] == expected


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"recipients": "many"}, "recipients is many (expected: a whole number from 0 up)"),
        ({"recipients": -1}, "recipients is -1"),
        ({"recipients": "12.5"}, "recipients is 12.5"),
        ({"recipients": 1e30}, "recipients is 1e+30"),
        ({"conversion_value": "$5"}, "revenue is $5 (expected: an amount)"),
        ({"conversion_value": "0,45"}, "revenue is 0,45"),
        ({"open_rate": 42.0}, "open_rate is 42.0 (expected: a fraction, at most 1)"),
        ({"open_rate": -0.1}, "open_rate is -0.1"),
        ({"click_rate": float("inf")}, "click_rate is inf"),
        ({"currency": "dollars"}, "currency is dollars"),
        ({"date": "05/01/2026"}, "date is 05/01/2026 (expected: a day of this century)"),
        ({"date": "2026-02-30"}, "date is 2026-02-30"),
        ({"date": date(1970, 1, 1)}, "date is 1970-01-01"),
        ({"send_time": "infinity"}, "send_time is infinity"),
        ({"send_time": "tomorrow"}, "send_time is tomorrow (expected: an instant of this century)"),
        ({"send_time": "1970-01-01T00:00:00Z"}, "send_time is 1970-01-01"),
        ({"date": None}, "it has neither date nor send_time"),
        ({"client_id": "south"}, "it is of client south"),
        ({"recipients": "x", "clicks": "y"}, "; clicks is y"),
    ],
)
def test_refused_with_a_reason(row: dict[str, object], why: str) -> None:
    assert why in reason({**DAY, **row})


def test_deleted_at_the_source_is_refused() -> None:
    assert reason({**DAY, "_fivetran_deleted": True}, source="fivetran") == "it is deleted at the source"


def test_refused_row_is_kept_as_it_came() -> None:
    outcome = mapped({**DAY}, {**DAY, "campaign_id": 'q"', "recipients": "x", "odd": {"a b": [1]}})
    assert outcome.refused["row"].to_pylist() == [2]
    assert json.loads(outcome.refused["raw"][0].as_py()) == {
        **DAY,
        "campaign_id": 'q"',
        "recipients": "x",
        "odd.a b": [1],
    }


def test_unknown_fields_are_counted_and_kept_aside() -> None:
    outcome = mapped(
        {**DAY, "Weird": 1, "weird": None, "status": "Sent"},
        {**DAY, "campaign_id": "d", "Weird": None, "weird": None, "status": None},
    )
    assert outcome.unknown_fields == {"Weird": 1, "weird": 0}
    assert outcome.aside.to_pylist() == [
        {"row": 1, "Weird": 1, "weird": None},
        {"row": 2, "Weird": None, "weird": None},
    ]


def test_equal_duplicates_leave_one_and_differing_ones_none() -> None:
    rows = [
        {**DAY, "campaign_id": "same", "clicks": 1}, {**DAY, "campaign_id": "differ", "clicks": 1}, {**DAY, "campaign_id": "same", "clicks": 1},
        {**DAY, "campaign_id": "differ", "clicks": 2}, {**DAY, "campaign_id": "differ", "clicks": 2}, {**DAY, "campaign_id": "other", "clicks": None},
        {**DAY, "campaign_id": "same", "clicks": 1, "date": "2026-01-06"},
    ]  # fmt: skip
    outcome = mapped(*rows)
    assert outcome.rows["campaign_id"].to_pylist() == ["same", "other", "same"]
    assert {r["row"]: r["reason"] for r in outcome.refused.to_pylist()} == {
        3: "it is a duplicate of row 1",
        **dict.fromkeys((2, 4, 5), "its day, campaign and channel stand 3 times with different values"),
    }


def test_two_messages_and_two_channels_of_a_campaign_are_no_duplicates() -> None:
    outcome = mapped(
        {**DAY, "campaign_message_id": "a", "channel": "email"},
        {**DAY, "campaign_message_id": "b", "channel": "email"},
        {**DAY, "campaign_message_id": "a", "channel": "sms"},
    )
    assert outcome.rows.num_rows == 3


def test_a_refused_row_is_nobody_s_duplicate() -> None:
    outcome = mapped({**DAY, "clicks": "x"}, {**DAY, "clicks": "2"})
    assert outcome.rows["clicks"].to_pylist() == [2]


def test_no_rows() -> None:
    outcome = map_rows("klaviyo", pa.table({"date": pa.array([], pa.string())}), client_id="n", zone=PARIS)
    assert (outcome.rows.num_rows, outcome.refused.num_rows, outcome.rows.column_names) == (0, 0, list(NAMES))


def test_unknown_source() -> None:
    with pytest.raises(UnknownName, match="did you mean 'klaviyo'"):
        map_rows("klavio", pa.table({"a": [1]}), client_id="n", zone=PARIS)


counts = st.none() | st.integers(0, 10**12)


@given(
    st.lists(
        st.fixed_dictionaries({name: counts for rate in RATES for name in (rate.numerator, rate.denominator)}),
        min_size=1,
        max_size=30,
    )
)
@hypothesis_settings(max_examples=30)
def test_rates_are_those_of_exact_arithmetic(rows: list[dict[str, int | None]]) -> None:
    raw = [{**DAY, "campaign_id": str(i), **row} for i, row in enumerate(rows)]
    schema = pa.schema([("campaign_id", pa.string()), ("date", pa.string()), *((name, pa.int64()) for name in rows[0])])
    outcome = map_rows("klaviyo", pa.Table.from_pylist(raw, schema), client_id="n", zone=PARIS)
    for given_counts, row in zip(rows, outcome.rows.to_pylist(), strict=True):
        for rate in RATES:
            part, whole = given_counts[rate.numerator], given_counts[rate.denominator]
            if part is None or not whole:
                assert row[rate.name] is None
            else:
                exact = Fraction(part, whole)
                assert abs(Fraction(row[rate.name]) - exact) <= Fraction(51, 10**8) + exact / 10**15
        score = (
            None if None in (row["open_rate"], row["click_rate"]) else 0.7 * row["open_rate"] + 0.3 * row["click_rate"]
        )
        assert row["engagement_score"] == (None if score is None else pytest.approx(score, abs=1e-6))


def test_a_source_s_own_rate_is_taken_but_not_over_nothing() -> None:
    row = one({**DAY, "delivered": 10, "opens_unique": 5, "open_rate": 0.4})
    assert row["open_rate"] == 0.4
    assert one({**DAY, "delivered": 0, "open_rate": 0.0})["open_rate"] is None


def test_mapping_rows_that_are_mapped_changes_nothing() -> None:
    rows = sample_rows(500, client_id="north", zone=NEW_YORK)
    outcome = map_rows("klaviyo", rows, client_id="north", zone=NEW_YORK)
    assert outcome.rows.equals(rows)
    assert outcome.unknown_fields == {}


def test_texts_and_typed_columns_give_the_same_rows() -> None:
    rows = sample_rows(500, client_id="north", zone=NEW_YORK)
    texts = pa.table({name: rows[name].cast(pa.string()) for name in rows.column_names})
    assert map_rows("klaviyo", texts, client_id="north", zone=NEW_YORK).rows.equals(rows)


@pytest.mark.parametrize("source", SOURCES)
def test_tables_of_names_agree_with_the_schema(source: str) -> None:
    names = SOURCES[source]
    assert set(names.columns) <= set(NAMES)
    raws = [raw for found in names.columns.values() for raw in found] + [*names.message, *names.deleted]
    assert len(raws) == len(set(raws)), "a raw name stands for two columns"
    assert not names.unreported & set(raws)
