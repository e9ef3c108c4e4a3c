"""Sample rows are plausible, agree with themselves, and are the same for the same seed."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from milepost.errors import RangeInvalid
from milepost.reporting.sample import SAMPLE_ROWS, SAMPLE_SEED, sample_rows
from milepost.reporting.schema import COLUMNS, NAMES, RATES, SAMPLE_NAMES

_FILE = Path(__file__).parents[3] / "examples" / "sample" / "klaviyo_campaign_metrics.csv"
ROWS = sample_rows(3000, start=date(2025, 1, 1), days=400, zone=ZoneInfo("America/New_York"))


def test_schema_is_the_reporting_schema() -> None:
    assert tuple(ROWS.column_names) == NAMES
    assert ROWS.schema.field("send_time").type == pa.timestamp("us", tz="UTC")
    assert ROWS.schema.field("revenue").type == pa.decimal128(18, 4)
    assert all(ROWS[column.name].null_count == 0 for column in COLUMNS if not column.name.endswith("_rate"))


@pytest.mark.parametrize("rate", RATES, ids=lambda r: r.name)
def test_rates_agree_with_counts(rate) -> None:
    for part, whole, shown in zip(
        *(ROWS[n].to_pylist() for n in (rate.numerator, rate.denominator, rate.name)), strict=True
    ):
        assert shown == (pytest.approx(part / whole, abs=5.1e-7) if whole else None)


@pytest.mark.parametrize(
    ("more", "less"),
    [("recipients", "delivered"), ("delivered", "opens_unique"), ("opens_unique", "clicks_unique"), ("opens", "opens_unique"),
     ("clicks", "clicks_unique"), ("clicks_unique", "conversions"), ("delivered", "unsubscribes")],
)  # fmt: skip
def test_counts_agree_with_each_other(more: str, less: str) -> None:
    assert pc.all(pc.greater_equal(ROWS[more], ROWS[less])).as_py()
    assert pc.min(ROWS[less]).as_py() >= 0


def test_every_recipient_is_delivered_or_bounced() -> None:
    assert pc.add(ROWS["delivered"], ROWS["bounces"]).equals(ROWS["recipients"])


def test_figures_are_plausible() -> None:
    mean = {name: pc.mean(ROWS[name]).as_py() for name in ("open_rate", "click_rate", "bounce_rate", "recipients")}
    assert 0.35 < mean["open_rate"] < 0.45
    assert 0.02 < mean["click_rate"] < 0.06
    assert 0.005 < mean["bounce_rate"] < 0.02
    assert 3_000 < mean["recipients"] < 30_000
    assert ROWS["subject_line"].combine_chunks().unique().__len__() > 60


def test_days_are_those_of_the_send_time_in_the_zone_and_cover_the_range() -> None:
    days = [instant.astimezone(ZoneInfo("America/New_York")).date() for instant in ROWS["send_time"].to_pylist()]
    assert days == ROWS["date"].to_pylist() == sorted(days)
    assert set(days) == {date(2025, 1, 1) + timedelta(days=n) for n in range(400)}


def test_ids_are_unique_and_the_seed_decides() -> None:
    assert ROWS["campaign_id"].combine_chunks().unique().__len__() == ROWS.num_rows
    assert sample_rows(50).equals(sample_rows(50))
    assert sample_rows(50)["recipients"] != sample_rows(50, seed=SAMPLE_SEED + 1)["recipients"]


def test_checked_in_file() -> None:
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    assert (
        lines[0] == ",".join(SAMPLE_NAMES) == "date,campaign_name,send_time,open_rate,click_rate,subject_line,list_id"
    )
    assert len(lines) == 1 + SAMPLE_ROWS


def test_any_number_of_rows() -> None:
    assert sample_rows(0).schema.equals(ROWS.schema)
    for wrong in ({"rows": -1}, {"rows": 1, "days": 0}):
        with pytest.raises(RangeInvalid):
            sample_rows(**wrong)


def test_many_rows_have_ids_of_their_own() -> None:
    rows = sample_rows(200_000)
    assert rows.num_rows == 200_000
    assert rows["campaign_id"].combine_chunks().unique().__len__() == 200_000
