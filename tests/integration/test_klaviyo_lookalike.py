"""The Klaviyo look-alike from outside: against the official OpenAPI, the official SDK and what is known of the service."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
import urllib3
from jsonschema import Draft4Validator

from fix_klaviyo import KLAVIYO_ACCOUNTS
from milepost.sandbox.klaviyo import FaultPlan, FaultRule, Sandbox

REVISION = "2026-07-15"
JSON_API = "application/vnd.api+json"
Answer = tuple[int, Any, dict[str, str]]


class Client:
    """The plainest client: one request, one answer."""

    def __init__(self, sandbox: Sandbox, key: str = "pk_north", revision: str | None = REVISION) -> None:
        self.base = sandbox.url
        self.headers = {"Authorization": f"Klaviyo-API-Key {key}"} | ({"revision": revision} if revision else {})
        self.http = urllib3.PoolManager(retries=False)

    def get(self, path: str, params: dict[str, Any] | None = None, **headers: str) -> Answer:
        url = path if path.startswith("http") else self.base + path
        url += f"?{urlencode(params)}" if params else ""
        return self._answer(self.http.request("GET", url, headers=self.headers | headers, timeout=10))

    def post(self, path: str, attributes: dict[str, Any], kind: str = JSON_API) -> Answer:
        body = json.dumps({"data": {"type": path.rsplit("/", 1)[-1][:-1], "attributes": attributes}})
        headers = self.headers | {"content-type": kind}
        return self._answer(self.http.request("POST", self.base + path, body=body, headers=headers, timeout=10))

    def pages(self, path: str, params: dict[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        status, document, _ = self.get(path, params)
        while True:
            assert status == 200, document
            yield document
            if document["links"]["next"] is None:
                return
            status, document, _ = self.get(document["links"]["next"])

    def all(self, path: str, params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        return [row for page in self.pages(path, params) for row in page["data"]]

    @staticmethod
    def _answer(answer: urllib3.BaseHTTPResponse) -> Answer:
        kind = answer.headers.get("content-type", "")
        document = answer.json() if kind.startswith(JSON_API) else answer.data
        return answer.status, document, {k.lower(): v for k, v in answer.headers.items()}


@pytest.fixture
def client(klaviyo_sandbox: Sandbox) -> Client:
    return Client(klaviyo_sandbox)


def _error(answer: Answer) -> dict[str, Any]:
    return answer[1]["errors"][0]


# --- the official OpenAPI -------------------------------------------------------------------------------------------


@cache
def _openapi() -> dict[str, Any] | None:
    named = os.environ.get("MILEPOST_KLAVIYO_OPENAPI")
    beside = Path(__file__).parents[3] / "shared" / "spec" / "contracts" / "klaviyo-openapi-slice.json"
    path = Path(named) if named else beside
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


@pytest.fixture(scope="session")
def openapi() -> dict[str, Any]:
    found = _openapi()
    if found is None:
        pytest.skip("Klaviyo's OpenAPI is not at hand (expected: its path in MILEPOST_KLAVIYO_OPENAPI)")
    return _nullable(found)


def _nullable(node: Any) -> Any:
    """OpenAPI 3.0's `nullable: true` as JSON Schema has it; `oneOf` as `anyOf`, for it holds equal members there."""
    if isinstance(node, list):
        return [_nullable(n) for n in node]
    if not isinstance(node, dict):
        return node
    out = {"anyOf" if k == "oneOf" else k: _nullable(v) for k, v in node.items() if k != "nullable"}
    if node.get("nullable") is True:
        out = {"anyOf": [{"type": "null"}, out]}
    return out


def _check(openapi: dict[str, Any], path: str, method: str, document: dict[str, Any]) -> None:
    response = openapi["paths"][path][method]["responses"]["200"]
    schema = {"components": openapi["components"], **response["content"][JSON_API]["schema"]}
    if "$ref" in schema:
        schema = {"components": openapi["components"], "allOf": [{"$ref": schema["$ref"]}]}
    # The specification knows links.next only as a URL; the service sends null on the last page.
    links = {k: v for k, v in document.get("links", {}).items() if v is not None}
    checked = document | ({"links": links} if "links" in document else {})
    errors = sorted(Draft4Validator(schema).iter_errors(checked), key=lambda e: list(map(str, e.path)))
    assert not errors, f"{path}: {list(errors[0].path)}: {errors[0].message[:300]}"


GETS: list[tuple[str, dict[str, Any]]] = [
    ("/api/accounts", {}),
    *[
        (
            "/api/campaigns",
            {"filter": f"equals(messages.channel,'{c}'),equals(archived,{a})", "include": "campaign-messages,tags"},
        )
        for c in ("email", "sms", "mobile_push")
        for a in ("true", "false")
    ],
    ("/api/campaigns/{id}", {"include": "campaign-messages,tags"}),
    ("/api/campaigns/{id}/campaign-messages", {"include": "campaign,template"}),
    ("/api/campaign-messages/{id}", {"include": "campaign,template,image"}),
    ("/api/flows", {"include": "flow-actions,tags"}),
    ("/api/flows/{id}", {"include": "flow-actions,tags"}),
    ("/api/flows/{id}/flow-actions", {"page[size]": 2}),
    ("/api/flow-actions/{id}", {"include": "flow,flow-messages"}),
    ("/api/flow-actions/{id}/flow-messages", {}),
    ("/api/flow-messages/{id}", {"include": "flow-action,template"}),
    ("/api/metrics", {"include": "flow-triggers"}),
    ("/api/metrics/{id}", {}),
    ("/api/mapped-metrics", {"include": "metric,custom-metric"}),
    ("/api/mapped-metrics/{id}", {"include": "metric"}),
    ("/api/events", {"include": "attributions,metric,profile", "page[size]": 300, "sort": "datetime"}),
    ("/api/events/{id}", {"include": "attributions,metric,profile"}),
    ("/api/profiles", {"additional-fields[profile]": "subscriptions,predictive_analytics", "page[size]": 50}),
    ("/api/profiles/{id}", {"additional-fields[profile]": "subscriptions,predictive_analytics"}),
    ("/api/lists", {"include": "flow-triggers,tags"}),
    ("/api/segments", {"include": "flow-triggers,tags"}),
    ("/api/lists/{id}/profiles", {"page[size]": 50}),
    ("/api/segments/{id}/profiles", {"page[size]": 50}),
    ("/api/templates", {}),
    ("/api/tags", {"include": "tag-group"}),
]


def _some_id(client: Client, template: str) -> str:
    collection = template.partition("/{id}")[0]
    match collection:
        case "/api/campaigns" | "/api/campaign-messages":
            page = client.get("/api/campaigns", {"filter": "equals(messages.channel,'email')"})[1]
            first = page["data"][0]
            return (
                first["id"]
                if collection.endswith("campaigns")
                else first["relationships"]["campaign-messages"]["data"][0]["id"]
            )
        case "/api/flow-actions" | "/api/flow-messages":
            flow = next(f for f in client.all("/api/flows") if f["attributes"]["name"] == "Abandoned Cart")
            action = flow["relationships"]["flow-actions"]["data"][1]["id"]
            if collection.endswith("actions"):
                return action
            return client.get(f"/api/flow-actions/{action}/flow-messages")[1]["data"][0]["id"]
        case "/api/mapped-metrics":
            return "revenue"
        case _:
            return client.get(collection)[1]["data"][0]["id"]


@pytest.mark.parametrize(("path", "params"), GETS, ids=lambda v: v if isinstance(v, str) else "")
def test_every_get_answers_as_the_openapi_says(
    client: Client, openapi: dict[str, Any], path: str, params: dict[str, Any]
) -> None:
    url = path.replace("{id}", _some_id(client, path)) if "{id}" in path else path
    status, document, headers = client.get(url, params)
    assert status == 200, document
    assert headers["content-type"] == JSON_API
    assert document["data"]
    _check(openapi, path, "get", document)


def test_the_openapi_has_no_operation_that_is_missing_here(openapi: dict[str, Any]) -> None:
    posts = {
        "/api/metric-aggregates",
        "/api/campaign-values-reports",
        "/api/flow-values-reports",
        "/api/flow-series-reports",
    }
    assert set(openapi["paths"]) == {path for path, _ in GETS} | posts


def _report(metric: str, **more: Any) -> dict[str, Any]:
    frame = {"start": "2025-11-15T00:00:00Z", "end": "2026-01-10T23:59:59Z"}
    base = {
        "statistics": ["recipients", "opens_unique", "conversion_value"],
        "timeframe": frame,
        "conversion_metric_id": metric,
    }
    return base | more


@pytest.mark.parametrize("kind", ["campaign-values", "flow-values", "flow-series"])
def test_reports_answer_as_the_openapi_says(
    client: Client, openapi: dict[str, Any], klaviyo_sandbox: Sandbox, kind: str
) -> None:
    metric = klaviyo_sandbox.expected("north").metric_id
    more = {"interval": "daily"} if kind == "flow-series" else {}
    status, document, _ = client.post(f"/api/{kind}-reports", _report(metric, **more))
    assert status == 200, document
    assert document["data"]["attributes"]["results"]
    _check(openapi, f"/api/{kind}-reports", "post", document)


def _aggregate(metric: str, **more: Any) -> dict[str, Any]:
    window = ["greater-or-equal(datetime,2025-11-01T00:00:00)", "less-than(datetime,2026-11-01T00:00:00)"]
    base = {"metric_id": metric, "measurements": ["count", "sum_value", "unique"], "interval": "day", "filter": window}
    return base | {"timezone": "America/New_York"} | more


def test_aggregates_answer_as_the_openapi_says(
    client: Client, openapi: dict[str, Any], klaviyo_sandbox: Sandbox
) -> None:
    metric = klaviyo_sandbox.expected("north").metric_id
    status, document, _ = client.post("/api/metric-aggregates", _aggregate(metric, by=["$attributed_message"]))
    assert status == 200, document
    _check(openapi, "/api/metric-aggregates", "post", document)


# --- the same truth on every road -----------------------------------------------------------------------------------


def _orders(client: Client, metric: str, size: int = 137) -> list[dict[str, Any]]:
    text = f'equals(metric_id,"{metric}"),less-than(datetime,2026-11-20T11:59:00Z)'
    return client.all("/api/events", {"filter": text, "sort": "datetime", "page[size]": size})


@pytest.mark.parametrize("slug", ["north", "samoa", "line", "own"])
def test_paging_gives_every_order_once_and_the_truth_agrees(klaviyo_sandbox: Sandbox, slug: str) -> None:
    truth = klaviyo_sandbox.expected(slug)
    events = _orders(Client(klaviyo_sandbox, f"pk_{slug}"), truth.metric_id)
    assert len({e["id"] for e in events}) == len(events) == truth.orders
    values = [Decimal(str(e["attributes"]["event_properties"]["$value"])) for e in events]
    assert sum(values) == truth.revenue
    stamps = [e["attributes"]["timestamp"] for e in events]
    assert stamps == sorted(stamps)
    assert truth.hidden == 0 or slug == "north"


def test_days_are_those_of_the_account(klaviyo_sandbox: Sandbox) -> None:
    from datetime import UTC, datetime

    truth = klaviyo_sandbox.expected("line")
    events = _orders(Client(klaviyo_sandbox, "pk_line"), truth.metric_id)
    zone = ZoneInfo("Pacific/Kiritimati")
    days = Counter(datetime.fromtimestamp(e["attributes"]["timestamp"], UTC).astimezone(zone).date() for e in events)
    assert days == {day: found.orders for day, found in truth.days.items()}


def test_aggregates_equal_the_truth_day_by_day(client: Client, klaviyo_sandbox: Sandbox) -> None:
    truth = klaviyo_sandbox.expected("north")
    _, document, _ = client.post("/api/metric-aggregates", _aggregate(truth.metric_id))
    dates = [d[:10] for d in document["data"]["attributes"]["dates"]]
    (row,) = document["data"]["attributes"]["data"]
    counts = {day: n for day, n in zip(dates, row["measurements"]["count"], strict=True) if n}
    sums = {day: Decimal(str(n)) for day, n in zip(dates, row["measurements"]["sum_value"], strict=True) if n}
    inside = {d.isoformat(): f for d, f in truth.days.items() if d.isoformat() < "2026-11-01"}
    assert counts == {d: f.orders for d, f in inside.items()}
    assert sums == {d: f.revenue for d, f in inside.items()}


@pytest.mark.parametrize("name", ["Opened Email", "Received Text Message", "Ordered Product", "Refunded Order"])
def test_aggregates_equal_the_events_of_other_metrics(client: Client, name: str) -> None:
    metric = next(m["id"] for m in client.all("/api/metrics") if m["attributes"]["name"] == name)
    bounds = "greater-or-equal(datetime,2025-11-20T05:00:00Z),less-than(datetime,2025-12-05T05:00:00Z)"
    events = client.all("/api/events", {"filter": f'equals(metric_id,"{metric}"),{bounds}', "page[size]": 1000})
    assert events
    window = ["greater-or-equal(datetime,2025-11-20T00:00:00)", "less-than(datetime,2025-12-05T00:00:00)"]
    sent = name in ("Opened Email", "Received Text Message")
    by = "$message" if sent else "$attributed_message"
    _, total, _ = client.post("/api/metric-aggregates", _aggregate(metric, filter=window, interval="month"))
    found = total["data"]["attributes"]["data"][0]["measurements"]
    assert sum(found["count"]) == len(events)
    people = [
        len({e["relationships"]["profile"]["data"]["id"] for e in events if e["attributes"]["datetime"][:7] == m})
        for m in ("2025-11", "2025-12")
    ]
    assert sum(found["unique"]) == pytest.approx(sum(people), abs=8)  # UTC months here, New York's there
    _, grouped, _ = client.post("/api/metric-aggregates", _aggregate(metric, filter=window, by=[by]))
    rows = grouped["data"]["attributes"]["data"]
    assert sum(n for row in rows for n in row["measurements"]["count"]) == len(events)
    if sent:
        counts = Counter(e["attributes"]["event_properties"]["$message"] for e in events)
        assert counts == {row["dimensions"][0]: sum(row["measurements"]["count"]) for row in rows}


def test_campaign_reports_equal_the_events_of_their_messages(client: Client, klaviyo_sandbox: Sandbox) -> None:
    metrics = {m["attributes"]["name"]: m["id"] for m in client.all("/api/metrics")}
    metric = klaviyo_sandbox.expected("north").metric_id
    wanted = ["recipients", "delivered", "opens", "opens_unique", "conversions", "conversion_value"]
    _, document, _ = client.post("/api/campaign-values-reports", _report(metric, statistics=wanted))
    row = next(r for r in document["data"]["attributes"]["results"] if r["statistics"]["conversions"] > 2)
    message = row["groupings"]["campaign_message_id"]
    opens = client.all("/api/events", {"filter": f'equals(metric_id,"{metrics["Opened Email"]}")', "page[size]": 1000})
    mine = [e for e in opens if e["attributes"]["event_properties"]["$message"] == message]
    assert len(mine) == row["statistics"]["opens"]
    assert len({e["relationships"]["profile"]["data"]["id"] for e in mine}) == row["statistics"]["opens_unique"]
    pages = list(
        client.pages(
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


def test_included_resources_are_unique_and_belong_to_the_page(client: Client, klaviyo_sandbox: Sandbox) -> None:
    metric = klaviyo_sandbox.expected("north").metric_id
    params = {
        "filter": f'equals(metric_id,"{metric}")',
        "include": "attributions,profile",
        "page[size]": 400,
        "sort": "datetime",
    }
    fields = {"fields[profile]": "email,location.city", "fields[event]": "datetime"}
    page = next(client.pages("/api/events", params | fields))
    keys = [(r["type"], r["id"]) for r in page["included"]]
    assert len(keys) == len(set(keys))
    assert {e["relationships"]["profile"]["data"]["id"] for e in page["data"]} == {i for t, i in keys if t == "profile"}
    named = {a["id"] for e in page["data"] for a in e["relationships"]["attributions"]["data"]}
    assert {i for t, i in keys if t == "attribution"} < named
    assert all(set(e["attributes"]) == {"datetime"} for e in page["data"])
    assert all(set(r["attributes"]) == {"email", "location"} for r in page["included"] if r["type"] == "profile")
    for r in page["included"]:
        assert ("campaign" in r.get("relationships", {})) + ("flow" in r.get("relationships", {})) <= 1


# --- refusals -------------------------------------------------------------------------------------------------------

EVENTS = "/api/events"
_400: list[tuple[str, dict[str, str], str, dict[str, str]]] = [
    (EVENTS, {"include": "profiless"}, "'profiless' is not an allowed include parameter for this resource.", {"parameter": "include"}),
    (EVENTS, {"page[size]": "1001"}, "Page size must be an integer between 1 and 1000", {"parameter": "page[size]"}),
    ("/api/lists", {"page[size]": "11"}, "Page size must be an integer between 1 and 10", {"parameter": "page[size]"}),
    ("/api/tags", {"include": "lists"}, "'lists' is not an allowed include", {"parameter": "include"}),
    ("/api/templates", {"include": "tags"}, "include is not currently supported for the requested operation", {"parameter": "include"}),
    ("/api/metrics", {"page[size]": "10"}, "'page[size]'", {"parameter": "page[size]"}),
    ("/api/metrics", {"filter": 'equals(name,"Placed Order")'}, "'name' is not a filterable field", {"parameter": "filter"}),
    ("/api/campaigns", {}, "channel filter is required", {"parameter": "filter"}),
    (EVENTS, {"filter": 'contains(metric_id,"x")'}, "Allowed operators are equals", {"parameter": "filter"}),
    (EVENTS, {"filter": "greater-than(datetime,2026-01-01T00:00:00 00:00)"}, "Invalid filter", {"parameter": "filter"}),
    (EVENTS, {"sort": "id"}, "'id' is not a valid sort field", {"parameter": "sort"}),
    (EVENTS, {"fields[event]": "nope"}, "'nope' is not a valid field", {"parameter": "fields[event]"}),
    (EVENTS, {"page[cursor]": "abc"}, "Invalid cursor provided.", {"parameter": "page[cursor]"}),
    (EVENTS, {"filter": "less-than(datetime,2026-12-01T00:00:00Z)"}, "End date may not be in the future: 2026-12-01", {"pointer": "datetime"}),
    (
        EVENTS,
        {"filter": "greater-than(datetime,2025-10-27T02:59:59Z),less-or-equal(datetime,2025-10-27T02:59:59Z)"},
        "Datetime bounds 2025-10-27 02:59:59+00:00 (exclusive) to 2025-10-27 02:59:59+00:00 (inclusive) is empty or invalid",
        {"pointer": "datetime"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("path", "params", "text", "source"), _400)
def test_what_is_wrong_with_a_request_is_said(
    client: Client, path: str, params: dict[str, str], text: str, source: dict[str, str]
) -> None:
    answer = client.get(path, params)
    assert answer[0] == 400
    assert text in _error(answer)["detail"]
    assert _error(answer)["source"] == source
    assert set(_error(answer)) == {"id", "status", "code", "title", "detail", "source", "links", "meta"}


def test_who_may_not_is_told_so(klaviyo_sandbox: Sandbox) -> None:
    assert Client(klaviyo_sandbox, "pk_nobody").get("/api/accounts")[0] == 401
    own = Client(klaviyo_sandbox, "pk_own")
    assert own.get("/api/accounts")[0] == 403
    assert "accounts:read" in _error(own.get("/api/accounts"))["detail"]
    assert own.get("/api/events", {"page[size]": 1})[0] == 200


def test_paths_methods_and_media(client: Client) -> None:
    assert client.get("/api/nothing")[0] == 404
    assert client.get("/api/campaign-messages")[0] == 404
    assert client.get("/api/flow-actions")[0] == 404
    assert client.get("/api/campaigns/unknown")[0] == 404
    assert client.get("/api/metric-aggregates")[0] == 405
    assert client.get("/api/v1/metrics")[0] == 410
    assert client.post("/api/metric-aggregates", {}, kind="application/json")[0] == 415


def test_a_conversion_metric_without_values_is_refused(client: Client) -> None:
    metric = next(m["id"] for m in client.all("/api/metrics") if m["attributes"]["name"] == "Opened Email")
    answer = client.post("/api/campaign-values-reports", _report(metric))
    assert answer[0] == 400
    assert _error(answer)["detail"] == "Passed in conversion metric does not support querying for values data"


def test_a_cursor_is_bound_to_its_question(client: Client) -> None:
    _, document, _ = client.get("/api/events", {"sort": "datetime", "page[size]": 5})
    following = document["links"]["next"]
    assert following.startswith(client.base)
    assert client.get(following.replace("page%5Bcursor%5D=", "page%5Bcursor%5D=%3D"))[0] == 200  # the SDK's extra "="
    assert client.get(following.replace("page%5Bsize%5D=5", "page%5Bsize%5D=7"))[0] == 200
    answer = client.get(following.replace("sort=datetime", "sort=-datetime"))
    assert (answer[0], _error(answer)["detail"]) == (400, "Invalid cursor provided.")


# --- revisions ------------------------------------------------------------------------------------------------------


def test_revisions_branch(klaviyo_sandbox: Sandbox) -> None:
    assert Client(klaviyo_sandbox, revision=None).get("/api/accounts")[0] == 400
    old = Client(klaviyo_sandbox, revision="2024-10-15")
    assert old.get("/api/events", {"page[size]": 5})[0] == 400
    assert len(old.get("/api/events")[1]["data"]) == 200
    assert old.get("/api/events", **{"X-Klaviyo-Revision-Fall-Forward-Opt-Out": "1"})[0] == 410
    new = Client(klaviyo_sandbox, revision="2026-10-15")
    campaigns = new.all("/api/campaigns", {"include": "campaign-messages"})
    assert set(campaigns[0]["attributes"]) == {"created_at", "updated_at", "definition"}
    assert new.get("/api/campaigns", {"filter": "equals(messages.channel,'email')"})[0] == 400
    messages = new.all("/api/campaign-messages", {"page[size]": 40})
    assert {m["relationships"]["campaign"]["data"]["id"] for m in messages} >= {c["id"] for c in campaigns}


def test_orphans_come_from_2026_07_unless_a_metric_is_asked_for(klaviyo_sandbox: Sandbox) -> None:
    known = {m["id"] for m in Client(klaviyo_sandbox).all("/api/metrics")}

    def metrics(revision: str, text: str) -> set[str]:
        rows = Client(klaviyo_sandbox, revision=revision).all("/api/events", {"filter": text, "page[size]": 1000})
        return {e["relationships"]["metric"]["data"]["id"] for e in rows}

    year = "greater-or-equal(datetime,2025-11-01T00:00:00Z)"
    assert metrics("2026-04-15", year) <= known
    assert len(metrics("2026-07-15", year) - known) == 1
    assert metrics("2026-07-15", f"{year},has(metric)") <= known


# --- quirks ---------------------------------------------------------------------------------------------------------


def test_names_of_metrics_are_not_unique_and_a_category_may_be_an_object(
    client: Client, klaviyo_sandbox: Sandbox
) -> None:
    metrics = client.all("/api/metrics")
    placed = [m["id"] for m in metrics if m["attributes"]["name"] == "Placed Order"]
    assert len(placed) == 2
    mapped = client.get("/api/mapped-metrics/revenue")[1]["data"]["relationships"]["metric"]["data"]["id"]
    assert mapped == klaviyo_sandbox.expected("north").metric_id
    assert mapped in placed
    assert any(isinstance(m["attributes"]["integration"]["category"], dict) for m in metrics)


def test_archived_campaigns_hide_unless_asked_for(client: Client) -> None:
    shown = client.all("/api/campaigns", {"filter": "equals(messages.channel,'email')", "page[size]": 7})
    hidden = client.all(
        "/api/campaigns", {"filter": "equals(messages.channel,'email'),equals(archived,true)", "page[size]": 7}
    )
    assert shown
    assert hidden
    assert not any(c["attributes"]["archived"] for c in shown)
    assert all(c["attributes"]["archived"] for c in hidden)
    params = {"filter": "equals(messages.channel,'email'),equals(archived,true)", "sort": "updated_at"}
    stamps = [c["attributes"]["updated_at"] for c in client.all("/api/campaigns", params)]
    assert stamps != sorted(stamps)


def test_some_pages_are_empty_and_still_go_on(client: Client, klaviyo_sandbox: Sandbox) -> None:
    metric = klaviyo_sandbox.expected("north").metric_id
    pages = list(client.pages("/api/events", {"filter": f'equals(metric_id,"{metric}")', "page[size]": 4}))
    empty = [p for p in pages if not p["data"]]
    assert empty
    assert all(p["links"]["next"] for p in empty)


def test_orders_come_dated_in_the_future(client: Client, klaviyo_sandbox: Sandbox) -> None:
    truth = klaviyo_sandbox.expected("north")
    _, page, _ = client.get(
        "/api/events", {"filter": f'equals(metric_id,"{truth.metric_id}")', "sort": "-datetime", "page[size]": 5}
    )
    ahead = [e for e in page["data"] if e["attributes"]["datetime"] > "2026-11-20"]
    assert len(ahead) == truth.future == 2
    assert " " in page["data"][0]["attributes"]["datetime"]


def test_members_profiles_and_filters(client: Client) -> None:
    (newest,) = client.all("/api/lists", {"filter": 'equals(name,["Newsletter"])'})
    members = client.all(f"/api/lists/{newest['id']}/profiles", {"page[size]": 100})
    joined = [m["attributes"]["joined_group_at"] for m in members]
    assert joined == sorted(joined, reverse=True)
    people = client.all("/api/profiles", {"page[size]": 100, "sort": "updated"})
    assert len({p["id"] for p in people}) == len(people) >= len(members)
    wanted = [people[3]["id"], people[70]["id"]]
    found = client.all("/api/profiles", {"filter": f"any(id,{json.dumps(wanted)})"})
    assert {p["id"] for p in found} == set(wanted)
    (same,) = client.all("/api/profiles", {"filter": f'equals(email,"{people[3]["attributes"]["email"]}")'})
    assert same["id"] == wanted[0]
    changed = people[100]["attributes"]["updated"].replace("+00:00", "Z")
    later = client.all("/api/profiles", {"filter": f"greater-than(updated,{changed})", "page[size]": 100})
    assert {p["id"] for p in later} == {
        p["id"] for p in people if p["attributes"]["updated"] > people[100]["attributes"]["updated"]
    }
    events = client.all("/api/events", {"filter": f'equals(profile_id,"{wanted[0]}")', "page[size]": 1000})
    assert {e["relationships"]["profile"]["data"]["id"] for e in events} == {wanted[0]}


# --- what changes while it runs -------------------------------------------------------------------------------------


def test_limits_are_fixed_windows_with_headers(start_klaviyo: Callable[..., Sandbox]) -> None:
    sandbox = start_klaviyo(limits="published")
    client = Client(sandbox)
    answers = [client.get("/api/accounts") for _ in range(4)]
    assert answers[0][2]["ratelimit-limit"].startswith("15")
    assert answers[0][2]["ratelimit-remaining"] == "14"
    full = next(a for a in answers if a[0] == 429)
    assert full[2]["retry-after"].isdigit()
    assert "ratelimit-limit" not in full[2]
    assert _error(full)["code"] == "throttled"
    sandbox.advance(60)
    assert client.get("/api/accounts")[0] == 200
    assert sandbox.requests()["throttled"]["GET /api/accounts"] == sum(a[0] == 429 for a in answers)


def test_late_events_attributions_deletes_and_revoked_keys(start_klaviyo: Callable[..., Sandbox]) -> None:
    from datetime import UTC, datetime

    spec = replace(KLAVIYO_ACCOUNTS[0], orders=500, late=0.5)
    sandbox = start_klaviyo(accounts=[spec], now=datetime(2025, 12, 1, tzinfo=UTC))
    client, before = Client(sandbox), sandbox.expected("north")
    final = sandbox.expected("north", everything=True)
    assert before.orders < final.orders == before.orders + before.hidden
    text = f'equals(metric_id,"{before.metric_id}"),less-than(datetime,2025-12-01T00:00:00Z)'
    params = {"filter": text, "sort": "datetime", "page[size]": 1000}
    first = client.all("/api/events", params)
    assert len(first) == before.orders
    sandbox.release("north")
    second = client.all("/api/events", params)
    assert len(second) == final.orders
    attributed = [sum(bool(e["relationships"]["attributions"]["data"]) for e in rows) for rows in (first, second)]
    assert attributed[0] < attributed[1] == final.attributed
    assert sandbox.delete("north", "event", [second[0]["id"]]) == 1
    assert [e["id"] for e in client.all("/api/events", params)] == [e["id"] for e in second[1:]]
    assert client.get(f"/api/events/{second[0]['id']}")[0] == 404
    campaign = client.all("/api/campaigns", {"filter": "equals(messages.channel,'email')"})[0]["id"]
    assert sandbox.delete("north", "campaign", [campaign]) == 1
    assert client.get(f"/api/campaigns/{campaign}")[0] == 404
    sandbox.revoke("north")
    assert client.get("/api/accounts")[0] == 401
    sandbox.revoke("north", revoked=False)
    assert client.get("/api/accounts")[0] == 200


def test_every_fault_looks_as_it_does_outside(start_klaviyo: Callable[..., Sandbox]) -> None:
    kinds = (
        "throttle",
        "error_500",
        "error_502",
        "error_503",
        "cloudflare_403",
        "broken_json",
        "truncated",
        "reset",
        "timeout",
        "slow",
    )
    rules = tuple(
        FaultRule(kind, at=(n,), endpoint="GET /api/metrics", seconds=0.05) for n, kind in enumerate(kinds, 1)
    )
    sandbox = start_klaviyo(faults=FaultPlan(rules))
    client = Client(sandbox)
    throttled, *rest = [client.get("/api/metrics") for _ in range(5)]
    assert (throttled[0], throttled[2]["retry-after"]) == (429, "0")
    assert [a[0] for a in rest] == [500, 502, 503, 403]
    assert rest[1][2]["content-type"] == "text/html"
    assert b"Just a moment" in rest[3][1]
    with pytest.raises(json.JSONDecodeError):
        client.get("/api/metrics")
    with pytest.raises(urllib3.exceptions.HTTPError):
        client.get("/api/metrics")
    for _ in ("reset", "timeout"):
        with pytest.raises(urllib3.exceptions.ProtocolError):
            client.get("/api/metrics")
    assert client.get("/api/metrics")[0] == client.get("/api/metrics")[0] == 200
    assert client.get("/api/lists")[0] == 200
    assert len(sandbox.requests()["faults"]) == len(kinds)
    sandbox.set_faults(FaultPlan())
    assert sandbox.requests()["requests"]["GET /api/metrics"] == 11


# --- the official SDK -----------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_official_sdk_reads_all_of_it(klaviyo_sandbox: Sandbox) -> None:
    from klaviyo_api import KlaviyoAPI

    api = KlaviyoAPI("pk_north", max_retries=1, test_host=klaviyo_sandbox.url)
    assert api.Accounts.get_accounts().data[0].attributes.timezone == "America/New_York"
    metrics = api.Metrics.get_metrics().data
    assert {m.attributes.name for m in metrics} >= {"Placed Order", "Opened Email"}
    truth = klaviyo_sandbox.expected("north")
    seen: list[str] = []
    cursor: str | None = None
    text = f'equals(metric_id,"{truth.metric_id}"),less-than(datetime,2026-11-20T00:00:00Z)'
    while True:
        page = api.Events.get_events(
            filter=text, page_size=400, sort="datetime", page_cursor=cursor, include=["profile", "attributions"]
        )
        seen += [e.id for e in page.data]
        if page.links.next is None:
            break
        cursor = page.links.next.partition("page%5Bcursor%5D=")[2]
    assert len(set(seen)) == len(seen) == truth.orders
    campaigns = api.Campaigns.get_campaigns(include=["campaign-messages"]).data
    assert campaigns[0].attributes.definition.name
    assert api.Campaigns.get_campaign(campaigns[0].id).data.id == campaigns[0].id
    assert api.Campaigns.get_campaign_messages(page_size=5).data[0].attributes.definition.status
    flows = api.Flows.get_flows(include=["flow-actions"]).data
    actions = api.Flows.get_actions_for_flow(flows[0].id).data
    messages = api.Flows.get_flow_action_messages(actions[0].id).data
    assert api.Flows.get_flow_message(messages[0].id).data.id == messages[0].id
    assert len(api.Lists.get_lists().data) == 10
    assert api.Segments.get_segments().data
    assert api.Templates.get_templates().data
    assert api.Tags.get_tags().data
    assert api.Metrics.get_mapped_metrics().data
    assert api.Profiles.get_profiles(page_size=30, additional_fields_profile=["subscriptions"]).data
    body = {"data": {"type": "metric-aggregate", "attributes": _aggregate(truth.metric_id)}}
    assert api.Metrics.query_metric_aggregates(body).data.attributes.dates
    report = {"data": {"type": "campaign-values-report", "attributes": _report(truth.metric_id)}}
    assert api.Reporting.query_campaign_values(report).data.attributes.results
