"""Klaviyo's reports as data: what each is asked for and which columns it fills. Reading is in `report_reading`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from milepost.dataset import Dataset, ReadMode
from milepost.schema import BIGINT, DATE, DOUBLE, MONEY, TEXT, Column, Type
from milepost.sources.klaviyo import tiers
from milepost.sources.klaviyo.tiers import Endpoint

_COUNTS = (
    "recipients", "delivered", "opens", "opens_unique", "clicks", "clicks_unique", "bounced", "failed", "bounced_or_failed",
    "unsubscribes", "unsubscribe_uniques", "spam_complaints", "conversions", "conversion_uniques",
)  # fmt: skip
_RATES = (
    "open_rate", "click_rate", "click_to_open_rate", "conversion_rate", "delivery_rate", "bounce_rate", "failed_rate",
    "bounced_or_failed_rate", "unsubscribe_rate", "spam_complaint_rate",
)  # fmt: skip
_VALUES = ("conversion_value", "average_order_value", "revenue_per_recipient")
STATISTICS: Mapping[str, Type] = MappingProxyType(
    {**dict.fromkeys(_COUNTS, BIGINT), **dict.fromkeys(_RATES, DOUBLE), **dict.fromkeys(_VALUES, MONEY)}
)


@dataclass(frozen=True, slots=True)
class Report:
    """A values or series report. `reach` is how far back it looks; `daily` makes it a series with a row for each day."""

    dataset: Dataset
    endpoint: Endpoint
    kind: str
    group_by: tuple[str, ...]
    reach: timedelta
    daily: bool = False

    @property
    def statistics(self) -> tuple[str, ...]:
        """What is asked for."""
        return tuple(STATISTICS)


def _dataset(name: str, endpoint: Endpoint, groups: tuple[str, ...], *, daily: bool, mode: ReadMode) -> Dataset:
    days = (Column("date", DATE, nullable=False),) if daily else ()
    columns = (
        *days,
        *(Column(group, TEXT, nullable=False) for group in groups),
        *(Column(statistic, kind) for statistic, kind in STATISTICS.items()),
    )
    key = tuple(c.name for c in columns if not c.nullable)
    return Dataset(name, columns, key, mode, origin=str(endpoint))


_CAMPAIGN = ("campaign_id", "campaign_message_id", "send_channel")
_FLOW = ("flow_id", "flow_message_id", "send_channel")
YEAR, SERIES = timedelta(days=365), timedelta(days=59)

# Campaigns leave the year's report when they grow old, and days leave the series: absence says nothing there.
_ALL = (
    Report(
        _dataset("campaign_values", tiers.CAMPAIGN_VALUES, _CAMPAIGN, daily=False, mode=ReadMode.INCREMENTAL),
        tiers.CAMPAIGN_VALUES, "campaign-values-report", _CAMPAIGN, YEAR,
    ),
    Report(
        _dataset("flow_values", tiers.FLOW_VALUES, _FLOW, daily=False, mode=ReadMode.SNAPSHOT),
        tiers.FLOW_VALUES, "flow-values-report", _FLOW, YEAR,
    ),
    Report(
        _dataset("flow_series", tiers.FLOW_SERIES, _FLOW, daily=True, mode=ReadMode.INCREMENTAL),
        tiers.FLOW_SERIES, "flow-series-report", _FLOW, SERIES, daily=True,
    ),
)  # fmt: skip
REPORTS: Mapping[str, Report] = MappingProxyType({report.dataset.name: report for report in _ALL})

MESSAGE_DAYS = Dataset(
    "message_days",
    (
        Column("date", DATE, nullable=False),
        Column("metric_id", TEXT, nullable=False),
        Column("metric", TEXT, nullable=False),
        Column("dimension", TEXT, nullable=False),  # $message, $attributed_message or $attributed_flow
        Column("target_id", TEXT, nullable=False),
        Column("count", BIGINT),
        Column("uniques", BIGINT),  # people of that day; never to be summed over days
        Column("value", MONEY),
    ),
    key=("date", "metric_id", "dimension", "target_id"),
    read_mode=ReadMode.INCREMENTAL,
    cursor="date",
    origin=str(tiers.AGGREGATES),
)
# Metrics are renamed at times ("SMS" became "Text Message" in 2026): both names are met.
MESSAGE_METRICS = frozenset(
    {
        "Received Email", "Opened Email", "Clicked Email", "Bounced Email", "Dropped Email", "Marked Email as Spam",
        "Unsubscribed", "Unsubscribed from Email Marketing", "Received SMS", "Clicked SMS", "Received Text Message",
        "Clicked Text Message", "Received Push", "Opened Push",
    }
)  # fmt: skip
LOOK_BACK = timedelta(days=7)  # late events and late attributions change days that were read
