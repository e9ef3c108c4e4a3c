"""The Klaviyo look-alike tells one truth on every road: events, aggregates, reports, includes."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fix_klaviyo import PlainClient, aggregate_body, report_body
from milepost.sandbox.klaviyo import Sandbox


def _orders(klaviyo_client: PlainClient, metric: str, size: int = 137) -> list[dict[str, Any]]:
    text = f'equals(metric_id,"{metric}"),less-than(datetime,2026-11-20T11:59:00Z)'
    return klaviyo_client.all("/api/events", {"filter": text, "sort": "datetime", "page[size]": size})


@pytest.mark.parametrize("slug", ["north", "samoa", "line", "own"])
def test_paging_gives_every_order_once_and_the_truth_agrees(klaviyo_sandbox: Sandbox, slug: str) -> None:
    truth = klaviyo_sandbox.expected(slug)
    events = _orders(PlainClient(klaviyo_sandbox, f"pk_{slug}"), truth.metric_id)
    assert len({e["id"] for e in events}) == len(events) == truth.orders
    values = [Decimal(str(e["attributes"]["event_properties"]["$value"])) for e in events]
    assert sum(values) == truth.revenue
    stamps = [e["attributes"]["timestamp"] for e in events]
    assert stamps == sorted(stamps)
    assert truth.hidden == 0 or slug == "north"


def test_days_are_those_of_the_account(klaviyo_sandbox: Sandbox) -> None:

    truth = klaviyo_sandbox.expected("line")
    events = _orders(PlainClient(klaviyo_sandbox, "pk_line"), truth.metric_id)
    zone = ZoneInfo("Pacific/Kiritimati")
    days = Counter(datetime.fromtimestamp(e["attributes"]["timestamp"], UTC).astimezone(zone).date() for e in events)
    assert days == {day: found.orders for day, found in truth.days.items()}


def test_aggregates_equal_the_truth_day_by_day(klaviyo_client: PlainClient, klaviyo_sandbox: Sandbox) -> None:
    truth = klaviyo_sandbox.expected("north")
    _, document, _ = klaviyo_client.post("/api/metric-aggregates", aggregate_body(truth.metric_id))
    dates = [d[:10] for d in document["data"]["attributes"]["dates"]]
    (row,) = document["data"]["attributes"]["data"]
    counts = {day: n for day, n in zip(dates, row["measurements"]["count"], strict=True) if n}
    sums = {day: Decimal(str(n)) for day, n in zip(dates, row["measurements"]["sum_value"], strict=True) if n}
    inside = {d.isoformat(): f for d, f in truth.days.items() if d.isoformat() < "2026-11-01"}
    assert counts == {d: f.orders for d, f in inside.items()}
    assert sums == {d: f.revenue for d, f in inside.items()}


@pytest.mark.parametrize("name", ["Opened Email", "Received Text Message", "Ordered Product", "Refunded Order"])
def test_aggregates_equal_the_events_of_other_metrics(klaviyo_client: PlainClient, name: str) -> None:
    metric = next(m["id"] for m in klaviyo_client.all("/api/metrics") if m["attributes"]["name"] == name)
    bounds = "greater-or-equal(datetime,2025-11-20T05:00:00Z),less-than(datetime,2025-12-05T05:00:00Z)"
    events = klaviyo_client.all("/api/events", {"filter": f'equals(metric_id,"{metric}"),{bounds}', "page[size]": 1000})
    assert events
    window = ["greater-or-equal(datetime,2025-11-20T00:00:00)", "less-than(datetime,2025-12-05T00:00:00)"]
    sent = name in ("Opened Email", "Received Text Message")
    by = "$message" if sent else "$attributed_message"
    _, total, _ = klaviyo_client.post("/api/metric-aggregates", aggregate_body(metric, filter=window, interval="month"))
    found = total["data"]["attributes"]["data"][0]["measurements"]
    assert sum(found["count"]) == len(events)
    people = [
        len({e["relationships"]["profile"]["data"]["id"] for e in events if e["attributes"]["datetime"][:7] == m})
        for m in ("2025-11", "2025-12")
    ]
    assert sum(found["unique"]) == pytest.approx(sum(people), abs=8)  # UTC months here, New York's there
    _, grouped, _ = klaviyo_client.post("/api/metric-aggregates", aggregate_body(metric, filter=window, by=[by]))
    rows = grouped["data"]["attributes"]["data"]
    assert sum(n for row in rows for n in row["measurements"]["count"]) == len(events)
    if sent:
        counts = Counter(e["attributes"]["event_properties"]["$message"] for e in events)
        assert counts == {row["dimensions"][0]: sum(row["measurements"]["count"]) for row in rows}


def test_campaign_reports_equal_the_events_of_their_messages(
    klaviyo_client: PlainClient, klaviyo_sandbox: Sandbox
) -> None:
    metrics = {m["attributes"]["name"]: m["id"] for m in klaviyo_client.all("/api/metrics")}
    metric = klaviyo_sandbox.expected("north").metric_id
    wanted = ["recipients", "delivered", "opens", "opens_unique", "conversions", "conversion_value"]
    _, document, _ = klaviyo_client.post("/api/campaign-values-reports", report_body(metric, statistics=wanted))
    row = next(r for r in document["data"]["attributes"]["results"] if r["statistics"]["conversions"] > 2)
    message = row["groupings"]["campaign_message_id"]
    opens = klaviyo_client.all(
        "/api/events", {"filter": f'equals(metric_id,"{metrics["Opened Email"]}")', "page[size]": 1000}
    )
    mine = [e for e in opens if e["attributes"]["event_properties"]["$message"] == message]
    assert len(mine) == row["statistics"]["opens"]
    assert len({e["relationships"]["profile"]["data"]["id"] for e in mine}) == row["statistics"]["opens_unique"]
    pages = list(
        klaviyo_client.pages(
            "/api/events", {"filter": f'equals(metric_id,"{metric}")', "include": "attributions", "page[size]": 1000}
        )
    )
    caused = {
        r["relationships"]["event"]["data"]["id"]
        for p in pages
        for r in p["included"]
        if r["relationships"].get("campaign-message", {}).get("data", {}).get("id") == message
    }
    assert len(caused) <= row["statistics"]["conversions"] <= len(caused) + 1  # one in 97 attributions is not included


def test_included_resources_are_unique_and_belong_to_the_page(
    klaviyo_client: PlainClient, klaviyo_sandbox: Sandbox
) -> None:
    metric = klaviyo_sandbox.expected("north").metric_id
    params = {
        "filter": f'equals(metric_id,"{metric}")',
        "include": "attributions,profile",
        "page[size]": 400,
        "sort": "datetime",
    }
    fields = {"fields[profile]": "email,location.city", "fields[event]": "datetime"}
    page = next(klaviyo_client.pages("/api/events", params | fields))
    keys = [(r["type"], r["id"]) for r in page["included"]]
    assert len(keys) == len(set(keys))
    assert {e["relationships"]["profile"]["data"]["id"] for e in page["data"]} == {i for t, i in keys if t == "profile"}
    named = {a["id"] for e in page["data"] for a in e["relationships"]["attributions"]["data"]}
    assert {i for t, i in keys if t == "attribution"} < named
    assert all(set(e["attributes"]) == {"datetime"} for e in page["data"])
    assert all(set(r["attributes"]) == {"email", "location"} for r in page["included"] if r["type"] == "profile")
    for r in page["included"]:
        assert ("campaign" in r.get("relationships", {})) + ("flow" in r.get("relationships", {})) <= 1


def test_names_of_metrics_are_not_unique_and_a_category_may_be_an_object(
    klaviyo_client: PlainClient, klaviyo_sandbox: Sandbox
) -> None:
    metrics = klaviyo_client.all("/api/metrics")
    placed = [m["id"] for m in metrics if m["attributes"]["name"] == "Placed Order"]
    assert len(placed) == 2
    mapped = klaviyo_client.get("/api/mapped-metrics/revenue")[1]["data"]["relationships"]["metric"]["data"]["id"]
    assert mapped == klaviyo_sandbox.expected("north").metric_id
    assert mapped in placed
    assert any(isinstance(m["attributes"]["integration"]["category"], dict) for m in metrics)


def test_archived_campaigns_hide_unless_asked_for(klaviyo_client: PlainClient) -> None:
    shown = klaviyo_client.all("/api/campaigns", {"filter": "equals(messages.channel,'email')", "page[size]": 7})
    hidden = klaviyo_client.all(
        "/api/campaigns", {"filter": "equals(messages.channel,'email'),equals(archived,true)", "page[size]": 7}
    )
    assert shown
    assert hidden
    assert not any(c["attributes"]["archived"] for c in shown)
    assert all(c["attributes"]["archived"] for c in hidden)
    params = {"filter": "equals(messages.channel,'email'),equals(archived,true)", "sort": "updated_at"}
    stamps = [c["attributes"]["updated_at"] for c in klaviyo_client.all("/api/campaigns", params)]
    assert stamps != sorted(stamps)


def test_some_pages_are_empty_and_still_go_on(klaviyo_client: PlainClient, klaviyo_sandbox: Sandbox) -> None:
    metric = klaviyo_sandbox.expected("north").metric_id
    pages = list(klaviyo_client.pages("/api/events", {"filter": f'equals(metric_id,"{metric}")', "page[size]": 4}))
    empty = [p for p in pages if not p["data"]]
    assert empty
    assert all(p["links"]["next"] for p in empty)


def test_orders_come_dated_in_the_future(klaviyo_client: PlainClient, klaviyo_sandbox: Sandbox) -> None:
    truth = klaviyo_sandbox.expected("north")
    _, page, _ = klaviyo_client.get(
        "/api/events", {"filter": f'equals(metric_id,"{truth.metric_id}")', "sort": "-datetime", "page[size]": 5}
    )
    ahead = [e for e in page["data"] if e["attributes"]["datetime"] > "2026-11-20"]
    assert len(ahead) == truth.future == 2
    assert " " in page["data"][0]["attributes"]["datetime"]


def test_members_profiles_and_filters(klaviyo_client: PlainClient) -> None:
    (newest,) = klaviyo_client.all("/api/lists", {"filter": 'equals(name,["Newsletter"])'})
    members = klaviyo_client.all(f"/api/lists/{newest['id']}/profiles", {"page[size]": 100})
    joined = [m["attributes"]["joined_group_at"] for m in members]
    assert joined == sorted(joined, reverse=True)
    people = klaviyo_client.all("/api/profiles", {"page[size]": 100, "sort": "updated"})
    assert len({p["id"] for p in people}) == len(people) >= len(members)
    wanted = [people[3]["id"], people[70]["id"]]
    found = klaviyo_client.all("/api/profiles", {"filter": f"any(id,{json.dumps(wanted)})"})
    assert {p["id"] for p in found} == set(wanted)
    (same,) = klaviyo_client.all("/api/profiles", {"filter": f'equals(email,"{people[3]["attributes"]["email"]}")'})
    assert same["id"] == wanted[0]
    changed = people[100]["attributes"]["updated"].replace("+00:00", "Z")
    later = klaviyo_client.all("/api/profiles", {"filter": f"greater-than(updated,{changed})", "page[size]": 100})
    assert {p["id"] for p in later} == {
        p["id"] for p in people if p["attributes"]["updated"] > people[100]["attributes"]["updated"]
    }
    events = klaviyo_client.all("/api/events", {"filter": f'equals(profile_id,"{wanted[0]}")', "page[size]": 1000})
    assert {e["relationships"]["profile"]["data"]["id"] for e in events} == {wanted[0]}
