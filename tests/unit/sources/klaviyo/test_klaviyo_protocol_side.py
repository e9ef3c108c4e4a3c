"""Our side of Klaviyo's protocol without a server: errors, retries, slices, paging, account facts, aggregates, dry runs."""

from __future__ import annotations

import re
import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.clock import ManualClock
from milepost.cursor import Window
from milepost.engine.retry import Patience, retry
from milepost.errors import (
    SourceChanged,
    SourceRejected,
    SourceThrottled,
    SourceUnauthorized,
    SourceUnavailable,
    Stopped,
    UnknownName,
)
from milepost.ports import Chunk
from milepost.sources.klaviyo import KlaviyoSource, Options, tiers
from milepost.sources.klaviyo.account import Metric, document, read_identity, read_metrics, revenue_metric
from milepost.sources.klaviyo.aggregates import daily_totals, hourly_counts
from milepost.sources.klaviyo.client import Request
from milepost.sources.klaviyo.events import events_request, follow
from milepost.sources.klaviyo.faults import fault
from milepost.sources.klaviyo.order_datasets import ALL
from milepost.sources.klaviyo.reports import REPORTS
from milepost.sources.klaviyo.slicing import cut, joined, spans
from milepost.sources.klaviyo.streams import STREAMS

T0 = datetime(2026, 3, 1, tzinfo=UTC)
ERROR = orjson.dumps({"errors": [{"detail": "Bad thing.", "source": {"parameter": "filter"}}]})
HTML = b"<html>Just a moment</html>"
KEY = "pk_very_secret"


class Key:
    def get_secret_value(self):
        return KEY

    def __repr__(self):
        return "Key(**)"


class Counter:
    def spent(self, account, endpoint, day):
        return 0

    def spend(self, account, endpoint, day, count=1):
        pass


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, ERROR, SourceRejected), (401, ERROR, SourceUnauthorized), (403, ERROR, SourceUnauthorized), (403, HTML, SourceUnavailable),
        (404, ERROR, SourceRejected), (405, ERROR, SourceRejected), (409, ERROR, SourceRejected), (410, ERROR, SourceRejected),
        (415, ERROR, SourceRejected), (429, ERROR, SourceThrottled), (500, ERROR, SourceUnavailable), (502, HTML, SourceUnavailable),
        (503, b"", SourceUnavailable), (524, HTML, SourceUnavailable), (302, b"", SourceChanged), (418, ERROR, SourceRejected),
    ],
)  # fmt: skip
def test_every_status_has_one_meaning(status, body, kind):
    error = fault(tiers.EVENTS, status, {}, body, "acme")
    assert type(error) is kind
    assert "GET /api/events of account acme" in error.what
    if body is ERROR:
        assert "Bad thing. (filter)" in error.what


@pytest.mark.parametrize(("header", "seconds"), [("3", 3.0), ("0", 0.0), (None, None), ("soon", None), ("-1", 0.0)])
def test_retry_after(header, seconds):
    headers = {} if header is None else {"retry-after": header}
    error = fault(tiers.EVENTS, 429, headers, ERROR, "acme")
    assert isinstance(error, SourceThrottled)
    assert error.retry_after == seconds


def test_a_missing_scope_is_named():
    assert "profiles:read" in fault(tiers.PROFILES, 403, {}, ERROR, "acme").hint


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"errors":[]}', b'{"errors":[3]}', b"null"])
def test_an_error_of_an_unknown_shape_is_still_an_error(body):
    assert type(fault(tiers.EVENTS, 400, {}, body, "acme")) is SourceRejected


def failing(*errors):
    """A call that raises these, then answers."""
    left = list(errors)

    def call():
        if left:
            raise left.pop(0)
        return "done"

    return call


def test_a_retry_waits_longer_each_time_and_obeys_the_server():
    clock = ManualClock()
    assert retry(failing(SourceUnavailable("x"), SourceUnavailable("x")), clock, jitter=lambda: 1.0) == "done"
    assert clock.monotonic() == pytest.approx(0.25 + 0.5)
    clock = ManualClock()
    assert retry(failing(SourceThrottled("x", retry_after=7)), clock, jitter=lambda: 0.0) == "done"
    assert clock.monotonic() == pytest.approx(7)


def test_only_errors_that_say_so_are_tried_again():
    for error in (SourceRejected("x"), SourceUnauthorized("x"), SourceChanged("x"), ValueError("x")):
        with pytest.raises(type(error)):
            retry(failing(error), ManualClock())


def test_attempts_and_waits_have_an_end():
    with pytest.raises(SourceUnavailable):
        retry(failing(*[SourceUnavailable("x")] * 3), ManualClock(), Patience(attempts=3))
    with pytest.raises(SourceThrottled):
        retry(failing(SourceThrottled("x", retry_after=50_000)), ManualClock())


def test_a_retry_ends_when_the_work_is_stopped():
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        retry(failing(), ManualClock(), stop=stop)


@given(
    st.integers(0, 3 * 86_400), st.integers(1, 3 * 86_400), st.dictionaries(st.integers(0, 150), st.integers(0, 9000)), st.integers(1, 5000)
)  # fmt: skip
def test_slices_cover_a_window_exactly(start, length, counts, target):
    window = Window(T0 + timedelta(seconds=start), T0 + timedelta(seconds=start + length))
    slices = cut(window, {T0 + timedelta(hours=h): n for h, n in counts.items()}, target)
    assert slices[0].start == window.start
    assert slices[-1].end == window.end
    assert all(a.end == b.start for a, b in pairwise(slices))
    assert all(s.seconds >= 1 for s in slices)


def test_windows_that_follow_each_other_are_cut_as_one():
    a, b, c = (T0 + timedelta(days=n) for n in range(3))
    later = Window(c + timedelta(days=5), c + timedelta(days=6))
    assert joined([later, Window(b, c), Window(a, b)]) == [Window(a, c), later]


def test_dense_hours_are_cut_and_quiet_ones_share():
    window = Window(T0, T0 + timedelta(hours=6))
    counts = {T0: 300, T0 + timedelta(hours=1): 400, T0 + timedelta(hours=2): 2500, T0 + timedelta(hours=4): 10}
    starts = [(s.start - T0).total_seconds() / 3600 for s in cut(window, counts, 1000)]
    assert starts == [0, 2, pytest.approx(2 + 1 / 3), pytest.approx(2 + 2 / 3), 3]


@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 800)), min_size=1, max_size=8))
def test_spans_hold_every_window_and_none_is_too_long(parts):
    windows = [Window(T0 + timedelta(days=a), T0 + timedelta(days=a + n)) for a, n in parts]
    found = spans(windows, timedelta(days=365))
    assert all(b - a <= timedelta(days=365) for a, b in found)
    for window in windows:
        covered = window.start
        for start, end in sorted(found):
            if start <= covered:
                covered = max(covered, end)
        assert covered >= window.end


NOW = T0 + timedelta(days=10)


def bounds(start, end):
    request = events_request("M", Window(start, end), NOW)
    return None if request is None else dict(request.params)["filter"]


def test_bounds_are_half_open_and_in_zulu():
    zone = ZoneInfo("America/New_York")
    assert bounds(datetime(2026, 3, 1, 0, 0, tzinfo=zone), datetime(2026, 3, 2, 0, 0, tzinfo=zone)) == (
        'equals(metric_id,"M"),greater-or-equal(datetime,2026-03-01T05:00:00Z),less-than(datetime,2026-03-02T05:00:00Z)'
    )


def test_no_bound_is_ever_in_the_future():
    assert "less-than" not in bounds(NOW - timedelta(hours=1), NOW + timedelta(days=365))
    assert "greater-or-equal(datetime,2026-03-11T00:00:00Z)" in bounds(NOW + timedelta(days=1), NOW + timedelta(days=2))


def test_a_window_without_a_whole_second_asks_nothing():
    assert bounds(T0 + timedelta(microseconds=1), T0 + timedelta(microseconds=900_000)) is None
    assert "2026-03-01T00:00:01Z" in bounds(T0 + timedelta(microseconds=1), T0 + timedelta(seconds=2))


FIRST = Request(tiers.EVENTS, "/api/events")


def reader(pages):
    """Answers by address; an exception is raised once."""
    asked = []

    def read(request):
        asked.append(request.url)
        answer = pages[request.url]
        if isinstance(answer, list):
            answer = answer.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Chunk({}, bytes=1), answer

    return read, asked


def test_pages_are_followed_until_there_is_no_next_one():
    read, asked = reader({None: "u1", "u1": "u2", "u2": None})
    assert len(list(follow(FIRST, read))) == 3
    assert asked == [None, "u1", "u2"]


def test_a_cursor_that_repeats_would_never_end():
    read, _ = reader({None: "u1", "u1": "u2", "u2": "u1"})
    with pytest.raises(SourceChanged, match="again"):
        list(follow(FIRST, read))


def test_an_expired_cursor_begins_the_slice_again():
    expired = SourceRejected("GET /api/events: HTTP 400: Invalid cursor provided.")
    read, asked = reader({None: "u1", "u1": [expired, None]})
    assert len(list(follow(FIRST, read))) == 3
    assert asked == [None, "u1", None, "u1"]


def test_a_cursor_that_always_expires_is_an_error():
    read, _ = reader({None: "u1", "u1": SourceRejected("Invalid cursor provided.")})
    with pytest.raises(SourceRejected):
        list(follow(FIRST, read))


def metric(id_, name="Placed Order", category="eCommerce"):
    return Metric(id_, name, "x", category)


def mapping(target):
    row = {"id": "revenue", "relationships": {"metric": {"data": {"id": target}}}}
    return lambda _: {"data": [] if target is None else [row]}


@pytest.mark.parametrize(
    ("target", "metrics", "chosen"),
    [
        ("B", (metric("A"), metric("B")), "B"),
        (None, (metric("A", category="API"), metric("B")), "B"),
        ("gone", (metric("A"), metric("C", "Other")), "A"),
        (None, (metric("A", category="API"),), "A"),
    ],
)
def test_the_metric_of_the_orders(target, metrics, chosen):
    assert revenue_metric(mapping(target), metrics).id == chosen


@pytest.mark.parametrize("metrics", [(), (metric("A"), metric("B")), (metric("A", "Viewed Product"),)])
def test_without_a_clear_choice_nothing_is_guessed(metrics):
    with pytest.raises(SourceChanged, match="mapped to revenue"):
        revenue_metric(mapping(None), metrics)


def test_a_category_may_be_an_object():
    row = {"id": "A", "attributes": {"name": "n", "integration": {"name": "i", "category": {"name": "eCommerce"}}}}
    assert read_metrics(lambda _: {"data": [row], "links": {}}) == (Metric("A", "n", "i", "eCommerce"),)


@pytest.mark.parametrize(
    "rows",
    [[], [{"id": "a", "attributes": {"timezone": "Nowhere/Land", "preferred_currency": "USD"}}], [{"id": "a"}], [{}, {}]],
)  # fmt: skip
def test_an_account_that_cannot_be_read_is_an_error(rows):
    with pytest.raises(SourceChanged):
        read_identity(lambda _: {"data": rows})


@pytest.mark.parametrize(
    ("body", "kind"), [(b"<html>", SourceUnavailable), (b"[]", SourceChanged), (b"{}", SourceChanged)]
)
def test_documents(body, kind):
    with pytest.raises(kind):
        document(body, "x")


def aggregate(dates, **measures):
    rows = [{"dimensions": [], "measurements": measures}] if measures else []
    return orjson.dumps({"data": {"attributes": {"dates": dates, "data": rows}}})


def test_totals_have_every_day_of_the_account_exactly():
    asked = []

    def ask(request):
        asked.append(request.body["data"]["attributes"])
        return b'{"data":{"attributes":{"dates":["2026-03-01T05:00:00+00:00","2026-03-09T04:00:00+00:00"],"data":[{"dimensions":[],"measurements":{"count":[2.0,1.0],"sum_value":[0.30000000000000004,12.5]}}]}}}'

    found = daily_totals(ask, "M", date(2026, 3, 1), date(2026, 3, 9), zone=ZoneInfo("America/New_York"), now=NOW)
    assert list(found) == [date(2026, 3, n) for n in range(1, 10)]
    assert (found[date(2026, 3, 1)].rows, found[date(2026, 3, 1)].value) == (2, Decimal("0.3000"))
    assert (found[date(2026, 3, 9)].rows, found[date(2026, 3, 2)].rows, found[date(2026, 3, 2)].value) == (
        1,
        0,
        Decimal("0.0000"),
    )
    assert asked[0]["filter"] == [
        "greater-or-equal(datetime,2026-03-01T00:00:00)",
        "less-than(datetime,2026-03-10T00:00:00)",
    ]


def test_totals_never_ask_for_more_than_a_year_nor_for_the_future():
    asked = []

    def ask(request):
        asked.append(
            [re.search(r"\d{4}-\d\d-\d\dT[\d:]+", text)[0] for text in request.body["data"]["attributes"]["filter"]]
        )
        return aggregate([])

    found = daily_totals(ask, "M", date(2024, 1, 1), date(2026, 12, 31), zone=ZoneInfo("UTC"), now=NOW)
    assert len(found) == 1096
    assert asked == [
        ["2024-01-01T00:00:00", "2024-12-31T00:00:00"],
        ["2024-12-31T00:00:00", "2025-12-31T00:00:00"],
        ["2025-12-31T00:00:00", "2026-03-11T00:00:00"],
    ]


def test_counts_by_hour():
    body = aggregate(["2026-03-01T05:00:00+00:00", "2026-03-01T06:00:00+00:00"], count=[0.0, 7.0])
    assert hourly_counts(lambda _: body, "M", T0, NOW) == {T0 + timedelta(hours=6): 7}


@pytest.mark.parametrize(
    "body",
    [b"{}", b'{"data":{"attributes":{"dates":["x"],"data":[]}}}', aggregate(["2026-03-01T05:00:00Z"], count=[1, 2])],
)
def test_aggregates_of_an_unknown_shape(body):
    with pytest.raises(SourceChanged):
        hourly_counts(lambda _: body, "M", T0, NOW)


def source(**options):
    return KlaviyoSource("acme", Key(), Counter(), Options(**options), clock=ManualClock(NOW))


def test_a_dry_run_lists_requests_without_the_key_and_sends_none():
    offline = source(base_url="http://127.0.0.1:1")
    (planned,) = offline.plan_requests("orders", [Window(T0, T0 + timedelta(days=1))])
    assert planned.method == "GET"
    assert planned.url.startswith("http://127.0.0.1:1/api/events?filter=equals%28metric_id")
    assert "revenue%20metric" in planned.url
    assert len(offline.plan_requests("campaigns")) == 6
    assert offline.plan_requests("flow_actions")[0].note == "once for each row of flows"
    for dataset in offline.datasets():
        assert all(p.method in ("GET", "POST") for p in offline.plan_requests(dataset.name)), dataset.name
    assert offline.plan_requests("flow_series")[0].body["data"]["attributes"]["interval"] == "daily"
    shown = repr([offline, *offline.plan_requests("campaigns"), planned, offline._client])
    assert KEY not in shown
    assert "[redacted]" in shown


def test_the_key_is_sent_to_nobody_else():
    foreign = Request(tiers.EVENTS, "/api/events", url="https://evil.example/api/events?page")
    with pytest.raises(SourceChanged, match=r"evil\.example") as caught:
        source()._client.send(foreign)
    assert KEY not in str(caught.value)


def test_no_server_is_unavailable_without_the_address_parameters():
    with pytest.raises(SourceUnavailable) as caught:
        source(base_url="http://127.0.0.1:1", patience=Patience(attempts=2)).identity()
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "ask",
    [
        lambda s: s.filled_by("x"),
        lambda s: s.plan_requests("x"),
        lambda s: list(s.fetch("x", None)),
        lambda s: s.totals("x", T0, T0),
    ],
)
def test_unknown_streams_are_named(ask):
    with pytest.raises(UnknownName, match="'x'"):
        ask(source())


def test_declarations():
    datasets = source().datasets()
    assert len({d.name for d in (*datasets, *ALL)}) == len(datasets) + 3 == 19
    assert all(d.key for d in (*datasets, *ALL))
    assert {s.endpoint.tier for s in STREAMS.values()} <= set(tiers.TIERS)
    assert all(r.endpoint.tier == "report" for r in REPORTS.values())
    assert source().filled_by("orders")[0].name == "orders"
    personal = {c.name for c in STREAMS["profiles"].dataset.columns if c.classification == "PII"}
    assert {"email", "phone_number", "first_name", "attributes"} <= personal
