"""The Klaviyo source against the look-alike: every order of every shop, the account's totals, limits kept, a storm survived."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from milepost.clock import SystemClock
from milepost.cursor import Window, day_window, days
from milepost.engine.retry import Patience
from milepost.errors import SourceRejected, SourceUnauthorized
from milepost.sandbox.klaviyo import AccountSpec, FaultPlan, FaultRule, Sandbox
from milepost.schema import Kind
from milepost.sources.klaviyo import KlaviyoSource, Options
from milepost.sources.klaviyo.order_datasets import ALL

START, END = date(2026, 9, 1), date(2026, 11, 1)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SPAN = {"start": START, "end": END}
ACCOUNTS = (
    AccountSpec("shopify", "pk_shopify", "shopify", "America/New_York", "USD", orders=6000, seed=1, **SPAN),
    AccountSpec("woo", "pk_woo", "woocommerce", "Pacific/Pago_Pago", "EUR", orders=1500, seed=2, **SPAN),
    AccountSpec("magento", "pk_magento", "magento", "Pacific/Kiritimati", "GBP", orders=1500, seed=3, **SPAN),
    AccountSpec("api", "pk_api", "api", "Asia/Kathmandu", "SEK", orders=1500, seed=4, **SPAN),
    AccountSpec("narrow", "pk_narrow", "api", orders=10, seed=5, scopes=("accounts:read", "events:read"), **SPAN),
)
QUICK = Patience(attempts=12, base=0.02, cap=0.3)


class Key:
    def __init__(self, text):
        self.text = text

    def get_secret_value(self):
        return self.text


class Counter:
    def __init__(self):
        self.days = {}

    def spent(self, account, endpoint, day):
        return self.days.get((account, endpoint, day), 0)

    def spend(self, account, endpoint, day, count=1):
        self.days[account, endpoint, day] = self.spent(account, endpoint, day) + count


class ShiftedClock(SystemClock):
    """The machine's clock, seen from the look-alike's day."""

    def __init__(self, now):
        self.shift = now - datetime.now(UTC)

    def now(self):
        return datetime.now(UTC) + self.shift


@pytest.fixture(scope="module")
def sandbox(klaviyo_cache):
    with Sandbox(ACCOUNTS, limits="published", now=NOW, cache_dir=klaviyo_cache) as server:
        yield server


@pytest.fixture(autouse=True)
def calm(request):
    if "sandbox" in request.fixturenames:
        server = request.getfixturevalue("sandbox")
        server.set_faults(FaultPlan())
        server.reset_limits()
        server.requests(reset=True)


def source(server, slug, key=None, **options):
    chosen = Options(base_url=server.url, patience=QUICK, **options)
    return KlaviyoSource(slug, Key(key or f"pk_{slug}"), Counter(), chosen, clock=ShiftedClock(NOW))


def windows(klaviyo):
    return [day_window(day, klaviyo.zone) for day in days(START, END - timedelta(days=1))]


def read_all(klaviyo, wanted, threads=8):
    """Every chunk of the windows, read by several threads; tables by name, refusals, pages."""
    return read_by_day(klaviyo, klaviyo.slices("orders", wanted), threads)


def read_by_day(klaviyo, slices, threads=8):
    """Every chunk of the slices as they are: a request or more for each."""
    with ThreadPoolExecutor(threads) as pool:
        chunks = [c for found in pool.map(lambda s: list(klaviyo.fetch("orders", s)), slices) for c in found]
    tables = {d.name: pa.concat_tables([c.rows[d.name] for c in chunks]) for d in ALL}
    return tables, [r for c in chunks for r in c.refused], chunks


def per_day(orders):
    sums = orders.group_by("date").aggregate([("event_id", "count"), ("value", "sum")]).to_pydict()
    return {d: (n, v) for d, n, v in zip(sums["date"], sums["event_id_count"], sums["value_sum"], strict=True)}


@pytest.mark.parametrize("slug", ["shopify", "woo", "magento", "api"])
def test_every_order_of_every_shop_is_read_once_and_agrees_per_day(sandbox, slug):
    klaviyo = source(sandbox, slug)
    tables, refused, _ = read_all(klaviyo, windows(klaviyo))
    truth = sandbox.expected(slug)
    assert refused == []
    assert tables["orders"].num_rows == tables["events"].num_rows == truth.orders
    assert len(set(tables["orders"]["event_id"].to_pylist())) == truth.orders
    assert tables["order_items"].num_rows == truth.items
    assert tables["events"].num_rows - tables["events"]["attribution_id"].null_count == truth.attributed
    assert per_day(tables["orders"]) == {d: (t.orders, t.revenue) for d, t in truth.days.items()}
    assert set(tables["orders"]["currency"].to_pylist()) == {truth.currency}
    assert tables["orders"]["email"].null_count == tables["order_items"]["price"].null_count == 0
    totals = klaviyo.totals("orders", START, END - timedelta(days=1))
    assert {d: (t.rows, t.value) for d, t in totals.items() if t.rows} == per_day(tables["orders"])
    assert list(totals) == list(days(START, END - timedelta(days=1)))


def test_published_limits_are_never_overrun(sandbox):
    klaviyo = source(sandbox, "shopify")
    tiny = list(
        Window(day_window(START, klaviyo.zone).start, day_window(END, klaviyo.zone).end).split(timedelta(hours=4))
    )
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda w: list(klaviyo.fetch("orders", w)), tiny))
    with klaviyo.snapshot(klaviyo.datasets()) as snapshot:
        for name in ("lists", "segments", "tags", "campaigns"):
            list(snapshot.read(next(d for d in klaviyo.datasets() if d.name == name)))
    counted = sandbox.requests()
    assert counted["requests"]["GET /api/events"] > 350
    assert counted["throttled"] == {}


def test_a_storm_loses_nothing(sandbox):
    klaviyo = source(sandbox, "shopify", timeout=5.0)
    wanted = windows(klaviyo)
    calm_tables, _, _ = read_by_day(klaviyo, wanted)
    sandbox.set_faults(FaultPlan.storm(0.3, seed=7, seconds=0.1))
    tables, refused, _ = read_by_day(klaviyo, wanted)
    assert sum(sandbox.requests()["faults"].values()) > 10
    assert refused == []
    for name, table in tables.items():
        key = [(c, "ascending") for c in ("event_id", "line") if c in table.schema.names]
        assert table.sort_by(key).equals(calm_tables[name].sort_by(key)), name


@pytest.mark.parametrize("slug", ["shopify", "woo", "magento", "api"])
def test_an_order_is_the_same_whatever_else_is_on_its_page(sandbox, slug):
    klaviyo = source(sandbox, slug)
    wanted = windows(klaviyo)
    by_day, _, _ = read_by_day(klaviyo, wanted)
    at_once, _, _ = read_by_day(klaviyo, [Window(wanted[0].start, wanted[-1].end)])
    for name, table in by_day.items():
        key = [(c, "ascending") for c in ("event_id", "line") if c in table.schema.names]
        assert table.sort_by(key).equals(at_once[name].sort_by(key)), name


def test_pages_of_a_dense_slice_are_followed_to_the_end(sandbox):
    klaviyo = source(sandbox, "shopify")
    whole = Window(day_window(START, klaviyo.zone).start, day_window(END, klaviyo.zone).start)
    chunks = list(klaviyo.fetch("orders", whole))
    assert len(chunks) >= 6
    assert sum(c.rows["orders"].num_rows for c in chunks) == sandbox.expected("shopify").orders
    assert all(c.bytes > 0 for c in chunks)
    parts = klaviyo.slices("orders", [whole])
    assert (parts[0].start, parts[-1].end) == (whole.start, whole.end)
    assert 6 <= len(parts) <= 12
    assert max(len(list(klaviyo.fetch("orders", part))) for part in parts) <= 2


def test_orders_dated_in_the_future_come_with_a_window_that_reaches_there(sandbox):
    klaviyo = source(sandbox, "shopify")
    future = sandbox.expected("shopify").future
    assert future > 0
    ahead = list(klaviyo.fetch("orders", Window(NOW, NOW + timedelta(days=366))))
    assert sum(c.rows["orders"].num_rows for c in ahead) == future
    parts = [Window(NOW + timedelta(days=a), NOW + timedelta(days=a + 61)) for a in range(0, 366, 61)]
    counts = [sum(c.rows["orders"].num_rows for c in klaviyo.fetch("orders", part)) for part in parts]
    assert sum(counts) == future
    today = list(klaviyo.fetch("orders", Window(NOW - timedelta(hours=2), NOW + timedelta(hours=2))))
    assert sum(c.rows["orders"].num_rows for c in today) == 0


def test_an_older_revision_with_a_fixed_page_size_is_followed(sandbox):
    klaviyo = source(sandbox, "woo", revision="2025-07-15")
    whole = Window(day_window(START, klaviyo.zone).start, day_window(END, klaviyo.zone).start)
    chunks = list(klaviyo.fetch("orders", whole))
    assert sum(c.rows["orders"].num_rows for c in chunks) == sandbox.expected("woo").orders
    assert len(chunks) >= 8


def test_a_revoked_key_stops_after_a_second_look(sandbox):
    sandbox.revoke("api")
    try:
        with pytest.raises(SourceUnauthorized) as caught:
            _ = source(sandbox, "api").zone
        assert "pk_api" not in str(caught.value)
        assert sandbox.requests()["requests"]["GET /api/accounts"] == 2
    finally:
        sandbox.revoke("api", revoked=False)


def test_identity_names_the_scopes_that_are_missing(sandbox):
    found = source(sandbox, "narrow").identity()
    assert (found.name, found.zone.key, found.currency) == ("Narrow", "America/New_York", "USD")
    assert set(found.missing_scopes) == {
        "metrics:read", "campaigns:read", "flows:read", "lists:read", "segments:read", "tags:read", "profiles:read"
    }  # fmt: skip
    assert source(sandbox, "woo").identity().missing_scopes == ()


def test_what_klaviyo_rejects_carries_its_words(sandbox):
    with pytest.raises(SourceRejected, match="metric"):
        source(sandbox, "woo", order_metric="nope").totals("orders", START, START)


def test_broken_answers_are_not_empty_answers(sandbox):
    sandbox.set_faults(FaultPlan((FaultRule("truncated", at=(1, 2)), FaultRule("broken_json", at=(3, 4)))))
    klaviyo = source(sandbox, "woo", timeout=2.0)
    first = day_window(START, klaviyo.zone)
    assert (
        sum(c.rows["orders"].num_rows for c in klaviyo.fetch("orders", first))
        == sandbox.expected("woo").days[START].orders
    )


SQL_KINDS = {
    Kind.TEXT: pa.string(), Kind.JSON: pa.string(), Kind.TIMESTAMPTZ: pa.timestamp("us", tz="UTC"), Kind.BOOLEAN: pa.bool_(),
    Kind.DATE: pa.date32(), Kind.BIGINT: pa.int64(), Kind.INTEGER: pa.int32(), Kind.DOUBLE: pa.float64(), Kind.DECIMAL: pa.decimal128(18, 4),
}  # fmt: skip


def test_the_catalogue_is_read_in_full_with_its_declared_types(sandbox):
    klaviyo = source(sandbox, "api", reserve=0.0)
    rows, refused = {}, []
    with klaviyo.snapshot(klaviyo.datasets()) as snapshot:
        for dataset in klaviyo.datasets():
            chunks = list(snapshot.read(dataset))
            refused += [r for c in chunks for r in c.refused]
            table = rows[dataset.name] = pa.concat_tables([c.rows[dataset.name] for c in chunks])
            for column in dataset.columns:
                if column.type.kind is not Kind.LIST:
                    assert table.schema.field(column.name).type == SQL_KINDS[column.type.kind], (dataset.name, column)
            keys = list(zip(*(table[k].to_pylist() for k in dataset.key), strict=True))
            assert len(set(keys)) == len(keys) > 0, dataset.name
    assert refused == []
    assert pc.sum(pc.cast(rows["campaigns"]["archived"], "int64")).as_py() > 0
    assert set(rows["campaign_messages"]["channel"].to_pylist()) == {"email", "sms", "mobile_push"}
    assert set(rows["campaign_messages"]["campaign_id"].to_pylist()) <= set(rows["campaigns"]["id"].to_pylist())
    assert set(rows["flow_actions"]["flow_id"].to_pylist()) <= set(rows["flows"]["id"].to_pylist())
    assert rows["flow_messages"].num_rows >= rows["flows"].num_rows
    assert rows["accounts"]["timezone"].to_pylist() == ["Asia/Kathmandu"]
    bought = rows["message_days"].filter(pc.equal(rows["message_days"]["dimension"], "$attributed_message"))
    assert Decimal(0) < pc.sum(bought["value"]).as_py() <= sandbox.expected("api").revenue
    assert sandbox.requests()["throttled"] == {}


def test_profiles_are_read_from_a_mark_on(sandbox):
    klaviyo = source(sandbox, "woo")
    profiles = next(d for d in klaviyo.datasets() if d.name == "profiles")
    with klaviyo.snapshot([profiles]) as snapshot:
        everything = pa.concat_tables([c.rows["profiles"] for c in snapshot.read(profiles)])
        marks = sorted(everything["updated"].to_pylist())
        mark = marks[len(marks) // 2]
        since = pa.concat_tables([c.rows["profiles"] for c in snapshot.read(profiles, mark.isoformat(" "))])
    expected = {
        i for i, u in zip(everything["id"].to_pylist(), everything["updated"].to_pylist(), strict=True) if u >= mark
    }
    assert expected <= set(since["id"].to_pylist())
    assert since.num_rows < everything.num_rows


def test_nothing_is_asked_for_a_window_without_a_second(sandbox):
    klaviyo = source(sandbox, "woo")
    assert list(klaviyo.fetch("orders", Window(NOW - timedelta(microseconds=5), NOW - timedelta(microseconds=1)))) == []
