"""The generated shop: the same seed gives the same shop, and its parts agree with one another."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.sandbox.klaviyo.account import SEND_METRICS, Account, open_account
from milepost.sandbox.klaviyo.shade import View
from milepost.sandbox.klaviyo.tally import tally
from milepost.sandbox.klaviyo.truth import expected
from milepost.sandbox.shop import AccountSpec
from milepost.sandbox.shop.mix import long_ids, long_number, short_ids, short_number
from milepost.sandbox.shop.people import People
from milepost.sandbox.shop.season import black_friday, season

SPEC = AccountSpec("shop", "pk", orders=1500, start=date(2025, 9, 1), end=date(2026, 3, 1), late=0.05)
ALL = View(1 << 40, released=True)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Account:
    return open_account(SPEC, tmp_path_factory.mktemp("shop"))


def _blob(spec: AccountSpec, folder: Path) -> str:
    log = open_account(spec, folder).orders
    return hashlib.sha256((log.folder / "events.blob").read_bytes()).hexdigest()


def _events(account: Account, number: int = 0, rows: Any = None) -> list[dict[str, Any]]:
    log = account.log(number)
    assert log is not None
    chosen = np.arange(log.size) if rows is None else rows
    found: list[dict[str, Any]] = orjson.loads(b"[" + b",".join(log.encode(chosen, ALL)) + b"]")
    return found


def test_a_seed_decides_every_byte(tmp_path: Path) -> None:
    first, again = _blob(SPEC, tmp_path / "a"), _blob(SPEC, tmp_path / "b")
    other = _blob(replace(SPEC, seed=2), tmp_path / "a")
    assert first == again != other
    renamed = replace(SPEC, slug="x", key="y", scopes=("events:read",))
    assert renamed.fingerprint() == SPEC.fingerprint() != replace(SPEC, currency="EUR").fingerprint()
    assert AccountSpec.from_json(renamed.to_json()) == renamed


def test_a_spec_that_cannot_be_is_refused() -> None:
    for wrong in ({"end": SPEC.start}, {"orders": -1}, {"shop": "bazaar"}, {"late": 1.0}):
        with pytest.raises(ValueError, match="account shop"):
            replace(SPEC, **wrong)


@given(st.integers(0, 2**47 - 1), st.integers(0, 2**40))
def test_ids_can_be_turned_back(number: int, salt: int) -> None:
    rows = np.array([number], dtype=np.int64)
    assert short_number(short_ids(rows, salt)[0].decode(), salt) == number
    assert long_number(long_ids(rows, salt)[0].decode(), salt) == number


def test_nobody_has_a_foreign_id() -> None:
    people = People(50, 3)
    assert [people.number_of(i.decode()) for i in people.ids(people.all_numbers())] == list(range(50))
    assert [people.number_of_email(p.email) for p in people.batch(people.all_numbers())] == list(range(50))
    for text in ("", "01J", "x" * 26, "0" * 26):
        assert people.number_of(text) is None
    for text in ("", "a@b", "ada.khan.51@example.com", "nobody.at.all.7@example.com"):
        assert people.number_of_email(text) is None


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Pago_Pago", "Pacific/Kiritimati", "Asia/Kathmandu"])
def test_the_season_covers_the_days_of_the_zone(zone: str) -> None:
    found = season(date(2025, 11, 1), date(2025, 12, 5), ZoneInfo(zone))
    start = datetime(2025, 11, 1, tzinfo=ZoneInfo(zone)).timestamp()
    assert found.start <= start < found.start + 3600
    days: Counter[date] = Counter()
    for hour, weight in zip(found.hours.tolist(), found.weight.tolist(), strict=True):
        days[datetime.fromtimestamp(hour * 3600, UTC).astimezone(ZoneInfo(zone)).date()] += weight
    assert max(days, key=days.__getitem__) == black_friday(2025) == date(2025, 11, 28)


def test_orders_stay_inside_their_days(account: Account) -> None:
    ts = account.orders.ts[: SPEC.orders]
    assert datetime(2025, 9, 1, tzinfo=SPEC.zone).timestamp() <= ts[0]
    assert ts[-1] < datetime(2026, 3, 1, tzinfo=SPEC.zone).timestamp() < account.orders.ts[-1]
    assert (np.diff(account.orders.ts) >= 0).all()


@pytest.mark.parametrize("shop", ["shopify", "woocommerce", "magento", "api"])
def test_the_value_of_an_event_is_that_of_its_order(shop: Any, tmp_path: Path) -> None:
    account = open_account(replace(SPEC, shop=shop, orders=150), tmp_path)
    events = _events(account)
    assert len({e["id"] for e in events}) == len(events) == 152
    values = [Decimal(str(e["attributes"]["event_properties"]["$value"])) for e in events]
    assert values == [Decimal(c) / 100 for c in account.orders.cents.tolist()]
    sizes = np.diff(account.orders.offsets)
    assert 1000 < sizes.mean() < 3500
    truth = expected(account, ALL)
    assert (truth["orders"], truth["cents"]) == (len(events), int(account.orders.cents.sum()))


def test_a_full_payload_is_larger(tmp_path: Path) -> None:
    sizes = [
        int(open_account(replace(SPEC, orders=50, payload=payload), tmp_path).orders.offsets[-1])
        for payload in ("compact", "full")
    ]
    assert sizes[1] > sizes[0] * 1.3


def test_each_shop_writes_in_its_own_way(tmp_path: Path) -> None:
    properties = {
        shop: [e["attributes"]["event_properties"] for e in _events(open_account(replace(SPEC, shop=shop), tmp_path))]
        for shop in ("shopify", "woocommerce", "magento", "api")
    }
    caused = [p for p in properties["shopify"] if p["$extra"]["landing_site"].startswith("/?utm_source=klaviyo")]
    assert caused
    assert all("utm_source" not in p for p in properties["shopify"])
    assert all(isinstance(i, str) for p in properties["shopify"] for i in p["Items"])
    assert any("," in p["$extra"]["GrandTotal"] for p in properties["woocommerce"])
    assert {"Discount Code" in p for p in properties["woocommerce"]} == {True, False}
    assert all(i["quantity"].endswith(".0000") for p in properties["magento"] for i in p["$extra"]["line_items"])
    assert {"Brands" in p for p in properties["api"]} == {True, False}
    assert {"$currency_code" in p for p in properties["api"]} == {True, False}
    for shop in ("shopify", "magento"):
        lines = [len(p["$extra"]["line_items"]) for p in properties[shop]]
        assert sum(lines) > len(lines)


@pytest.mark.parametrize("number", [1, 2, 5, 7, *SEND_METRICS])
def test_a_tally_equals_a_plain_count_of_the_events(account: Account, number: int) -> None:
    log = account.log(number)
    assert log is not None
    events = _events(account, number)
    stamps = [e["attributes"]["timestamp"] for e in events]
    assert stamps == sorted(stamps)
    assert stamps == log.columns(np.arange(log.size)).ts.tolist()
    assert len({e["id"] for e in events}) == len(events) == log.size
    edges = np.array([0, 1_762_000_000, 1_764_300_000, 1_770_000_000, 1 << 40], dtype=np.int64)
    counted = tally(log, ALL, edges, np.zeros(len(account.plan.messages) + 1, dtype=np.int64), unique=True)
    buckets: list[list[dict[str, Any]]] = [[] for _ in range(4)]
    for event in events:
        buckets[int(np.searchsorted(edges, event["attributes"]["timestamp"], side="right")) - 1].append(event)
    people = [len({e["relationships"]["profile"]["data"]["id"] for e in b}) for b in buckets]
    assert counted.count[:, 0].tolist() == [len(b) for b in buckets]
    assert counted.unique[:, 0].tolist() == people
    values = [sum(Decimal(str(e["attributes"]["event_properties"].get("$value", 0))) for e in b) for b in buckets]
    assert [Decimal(c) / 100 for c in counted.cents[:, 0].tolist()] == values


@pytest.mark.parametrize("number", [0, 1, 6, *SEND_METRICS])
def test_rows_before_a_second_are_those_older(account: Account, number: int) -> None:
    log = account.log(number)
    assert log is not None
    ts = log.columns(np.arange(log.size)).ts
    some = ts[:: max(1, len(ts) // 40)]
    for second in [0, account.season.start, account.season.end, *some.tolist(), *(some + 1).tolist(), 1 << 40]:
        assert log.rows_before(second) == int((ts < second).sum())


def test_who_opens_or_clicks_has_received(account: Account) -> None:
    def pairs(number: int) -> set[tuple[int, int]]:
        log = account.log(number)
        assert log is not None
        columns = log.columns(np.arange(log.size))
        return set(zip(columns.message.tolist(), columns.profile.tolist(), strict=True))

    assert pairs(10) <= pairs(9)
    assert pairs(11) <= pairs(9)
    uniques = Counter(message for message, _ in pairs(10))
    planned = {
        m.index: m.uniques["opened"] for m in account.plan.messages if m.channel == "email" and m.uniques.get("opened")
    }
    assert uniques == planned
    assert any(m.in_flow for m in account.plan.messages)


def test_campaigns_make_people_buy(tmp_path: Path) -> None:
    account = open_account(replace(SPEC, orders=20_000), tmp_path)
    message = account.orders.message
    caused = (message >= 0).mean()
    assert 0.1 < caused < 0.5
    sent = np.array([m.sent_at for m in account.plan.messages])
    campaign = np.flatnonzero((message >= 0) & (sent[message] > 0))
    delay = account.orders.ts[campaign] - sent[message[campaign]]
    assert delay.min() >= 0
    assert delay.max() < 121 * 3600
    assert np.median(delay) < 24 * 3600


def test_a_cache_is_used_again(tmp_path: Path) -> None:
    open_account(SPEC, tmp_path)
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*.npy")}
    open_account(SPEC, tmp_path)
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*.npy")} == before
    assert not list(tmp_path.rglob(".writing-*"))


@pytest.mark.parametrize(("orders", "future", "days"), [(0, 0, 1), (0, 2, 30), (1, 0, 1), (7, 1, 3)])
def test_the_smallest_shops_are_shops(orders: int, future: int, days: int, tmp_path: Path) -> None:
    end = SPEC.start + timedelta(days=days)
    account = open_account(replace(SPEC, orders=orders, future=future, end=end), tmp_path)
    assert len(_events(account)) == orders + future
    assert expected(account, ALL)["orders"] == orders + future
    assert all(len(_events(account, log.number)) == log.size for log in account.logs())
    assert len(account.directory.encoded(account.people.all_numbers(), None)) == account.people.count
