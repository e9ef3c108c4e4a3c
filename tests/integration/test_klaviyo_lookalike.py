"""The Klaviyo look-alike against the official OpenAPI and the official SDK."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

from fix_klaviyo import JSON_API, PlainClient, aggregate_body, report_body
from milepost.sandbox.klaviyo import Sandbox
from milepost.sandbox.klaviyo.attributes import ATTRIBUTES
from milepost.sandbox.klaviyo.endpoints import ENDPOINTS, Endpoint


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


def _some_id(klaviyo_client: PlainClient, template: str) -> str:
    collection = template.partition("/{id}")[0]
    match collection:
        case "/api/campaigns" | "/api/campaign-messages":
            page = klaviyo_client.get("/api/campaigns", {"filter": "equals(messages.channel,'email')"})[1]
            first = page["data"][0]
            return (
                first["id"]
                if collection.endswith("campaigns")
                else first["relationships"]["campaign-messages"]["data"][0]["id"]
            )
        case "/api/flow-actions" | "/api/flow-messages":
            flow = next(f for f in klaviyo_client.all("/api/flows") if f["attributes"]["name"] == "Abandoned Cart")
            action = flow["relationships"]["flow-actions"]["data"][1]["id"]
            if collection.endswith("actions"):
                return action
            return klaviyo_client.get(f"/api/flow-actions/{action}/flow-messages")[1]["data"][0]["id"]
        case "/api/mapped-metrics":
            return "revenue"
        case _:
            return klaviyo_client.get(collection)[1]["data"][0]["id"]


@pytest.mark.parametrize(("path", "params"), GETS, ids=lambda v: v if isinstance(v, str) else "")
def test_every_get_answers_as_the_openapi_says(
    klaviyo_client: PlainClient, openapi: dict[str, Any], path: str, params: dict[str, Any]
) -> None:
    url = path.replace("{id}", _some_id(klaviyo_client, path)) if "{id}" in path else path
    status, document, headers = klaviyo_client.get(url, params)
    assert status == 200, document
    assert headers["content-type"] == JSON_API
    assert document["data"]
    _check(openapi, path, "get", document)


def _named(parameters: dict[str, dict[str, Any]], name: str) -> list[str]:
    schema = parameters.get(name, {}).get("schema", {})
    found: list[str] = schema.get("enum") or schema.get("items", {}).get("enum") or []
    return found


def _filters(operation: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    out = {}
    for name, rule in (operation.get("x-klaviyo-filters") or {}).items():
        value, operators = rule.get("value", {}), rule["operators"]
        single = sorted(operators.get("single", []) + operators.get("none", []))
        kind = value.get("format") or value.get("type", "string")
        out[name] = (single, sorted(operators.get("list", [])), kind, sorted(value.get("enum", [])))
    return out


_IN_SLICE = [e for e in ENDPOINTS if e.handler != "recipient_estimation"]


@pytest.mark.parametrize("endpoint", _IN_SLICE, ids=lambda e: e.label)
def test_each_endpoint_takes_what_the_openapi_says(openapi: dict[str, Any], endpoint: Endpoint) -> None:
    operation = openapi["paths"][endpoint.path][endpoint.method.lower()]
    parameters = {p["name"]: p for p in operation["parameters"]}
    assert {name.lstrip("-") for name in _named(parameters, "sort")} == set(endpoint.sorts)
    assert set(_named(parameters, "include")) == set(endpoint.includes)
    page = parameters.get("page[size]", {}).get("schema")
    assert (page and (page["default"], page["maximum"])) == endpoint.page
    assert ("page[cursor]" in parameters) == endpoint.cursor
    mine = {n: (sorted(a.single), sorted(a.many), a.kind, sorted(a.choices)) for n, a in endpoint.filters.items()}
    assert mine == _filters(operation)
    limits = operation["x-klaviyo-ratelimit"]
    tier = tuple(int(limits.get(name, "0/d").partition("/")[0]) for name in ("burst", "steady", "daily"))
    assert tier == (endpoint.tier.burst, endpoint.tier.steady, endpoint.tier.day)
    assert set(operation["x-klaviyo-scopes"]) == set(endpoint.scopes)
    for name in (n for n in parameters if n.startswith("fields[")):
        kind = name[len("fields[") : -1]
        assert kind in endpoint.fields
        wanted = {field.partition(".")[0] for field in _named(parameters, name)}
        assert wanted <= ATTRIBUTES.get(kind, wanted)


def test_the_openapi_has_no_operation_that_is_missing_here(openapi: dict[str, Any]) -> None:
    posts = {
        "/api/metric-aggregates",
        "/api/campaign-values-reports",
        "/api/flow-values-reports",
        "/api/flow-series-reports",
    }
    assert set(openapi["paths"]) == {path for path, _ in GETS} | posts


@pytest.mark.parametrize("kind", ["campaign-values", "flow-values", "flow-series"])
def test_reports_answer_as_the_openapi_says(
    klaviyo_client: PlainClient, openapi: dict[str, Any], klaviyo_sandbox: Sandbox, kind: str
) -> None:
    metric = klaviyo_sandbox.expected("north").metric_id
    more = {"interval": "daily"} if kind == "flow-series" else {}
    status, document, _ = klaviyo_client.post(f"/api/{kind}-reports", report_body(metric, **more))
    assert status == 200, document
    assert document["data"]["attributes"]["results"]
    _check(openapi, f"/api/{kind}-reports", "post", document)


def test_aggregates_answer_as_the_openapi_says(
    klaviyo_client: PlainClient, openapi: dict[str, Any], klaviyo_sandbox: Sandbox
) -> None:
    metric = klaviyo_sandbox.expected("north").metric_id
    status, document, _ = klaviyo_client.post(
        "/api/metric-aggregates", aggregate_body(metric, by=["$attributed_message"])
    )
    assert status == 200, document
    _check(openapi, "/api/metric-aggregates", "post", document)


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
    body = {"data": {"type": "metric-aggregate", "attributes": aggregate_body(truth.metric_id)}}
    assert api.Metrics.query_metric_aggregates(body).data.attributes.dates
    report = {"data": {"type": "campaign-values-report", "attributes": report_body(truth.metric_id)}}
    assert api.Reporting.query_campaign_values(report).data.attributes.results
