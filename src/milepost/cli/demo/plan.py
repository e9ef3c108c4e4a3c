"""What the demo does, in numbers and in words. Doing it is in the modules beside this one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from milepost.cli.sandbox_shops import SHOPS, Shop

DATABASE = "customer_db"
LIVE, FORENSIC = "live", "forensic"
CATALOGUE = (  # what a campaign report needs; profiles are left out: a year of three shops has 70,000 of them
    *("accounts", "metrics", "campaigns", "campaign_messages", "flows", "flow_actions", "flow_messages"),
    *("lists", "segments", "tags", "campaign_values", "flow_values"),
)
REPORT = "klaviyo_campaign_metrics.csv"


@dataclass(frozen=True, slots=True)
class Plan:
    """The demo's sizes: orders of each shop over the days `[start, end)`, rounds of snapshots, changes between them."""

    home: Path
    start: date
    end: date
    shops: tuple[Shop, ...] = SHOPS[:3]
    orders: int = 34_000
    rounds: int = 3
    changes: int = 400

    @property
    def last(self) -> date:
        """The last day with orders."""
        return self.end - timedelta(days=1)

    @property
    def steps(self) -> tuple[str, ...]:
        """Each step as a person reads it."""
        shops = ", ".join(f"{shop.slug} ({shop.shape})" for shop in self.shops)
        total = self.orders * len(self.shops)
        return (
            f"start a look-alike of Klaviyo on this machine with {len(self.shops)} shops: {shops}",
            f"start a PostgreSQL on this machine with {DATABASE}, 5 customers and 8 addresses",
            f"backfill {self.start} … {self.last} of each shop: {total:,} orders, campaigns, flows",
            "compare every day's orders and revenue with the source's own totals",
            f"{self.rounds} rounds: {self.changes} changes in {DATABASE}, then a snapshot into {LIVE} and into {FORENSIC}",
            f"compare every table with {DATABASE} itself",
            f"write the campaign report {self.home / REPORT}",
        )


def plan(home: Path, today: date) -> Plan:
    """One year, up to and with yesterday: today's totals still move."""
    return Plan(home, today - timedelta(days=365), today)
