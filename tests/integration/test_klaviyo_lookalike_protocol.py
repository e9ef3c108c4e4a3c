"""The Klaviyo look-alike refuses, limits, fails and changes as the service does."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import urllib3

from fix_klaviyo import KLAVIYO_ACCOUNTS, Answer, PlainClient, report_body
from milepost.sandbox.klaviyo import FaultPlan, FaultRule, Sandbox


def _error(answer: Answer) -> dict[str, Any]:
    return answer[1]["errors"][0]


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
    klaviyo_client: PlainClient, path: str, params: dict[str, str], text: str, source: dict[str, str]
) -> None:
    answer = klaviyo_client.get(path, params)
    assert answer[0] == 400
    assert text in _error(answer)["detail"]
    assert _error(answer)["source"] == source
    assert set(_error(answer)) == {"id", "status", "code", "title", "detail", "source", "links", "meta"}


def test_windows_are_of_whole_seconds(klaviyo_client: PlainClient) -> None:
    """Half-open windows of a second hold what is in it; a shorter one is refused; greater-than may repeat its bound."""
    events = klaviyo_client.get(EVENTS, {"sort": "datetime", "page[size]": 400})[1]["data"]
    for event in events[5:400:20]:
        stamp = event["attributes"]["timestamp"]
        same = {e["id"] for e in events if e["attributes"]["timestamp"] == stamp}

        def ids(text: str) -> set[str]:
            status, document, _ = klaviyo_client.get(EVENTS, {"filter": text, "sort": "datetime"})
            assert status == 200, document
            return {e["id"] for e in document["data"]}

        at = datetime.fromtimestamp(stamp, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        after = datetime.fromtimestamp(stamp + 1, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        assert ids(f"greater-or-equal(datetime,{at}Z),less-than(datetime,{after}Z)") == same
        assert ids(f"greater-or-equal(timestamp,{stamp}),less-or-equal(timestamp,{stamp})") == same
        assert same & ids(f"greater-than(timestamp,{stamp})") in (set(), same)
        short = f"greater-or-equal(datetime,{at}.200Z),less-than(datetime,{at}.900Z)"
        assert klaviyo_client.get(EVENTS, {"filter": short})[0] == 400


def test_who_may_not_is_told_so(klaviyo_sandbox: Sandbox) -> None:
    assert PlainClient(klaviyo_sandbox, "pk_nobody").get("/api/accounts")[0] == 401
    own = PlainClient(klaviyo_sandbox, "pk_own")
    assert own.get("/api/accounts")[0] == 403
    assert "accounts:read" in _error(own.get("/api/accounts"))["detail"]
    assert own.get("/api/events", {"page[size]": 1})[0] == 200


def test_paths_methods_and_media(klaviyo_client: PlainClient) -> None:
    assert klaviyo_client.get("/api/nothing")[0] == 404
    assert klaviyo_client.get("/api/campaign-messages")[0] == 404
    assert klaviyo_client.get("/api/flow-actions")[0] == 404
    assert klaviyo_client.get("/api/campaigns/unknown")[0] == 404
    assert klaviyo_client.get("/api/metric-aggregates")[0] == 405
    assert klaviyo_client.get("/api/v1/metrics")[0] == 410
    assert klaviyo_client.post("/api/metric-aggregates", {}, kind="application/json")[0] == 415


def test_a_conversion_metric_without_values_is_refused(klaviyo_client: PlainClient) -> None:
    metric = next(m["id"] for m in klaviyo_client.all("/api/metrics") if m["attributes"]["name"] == "Opened Email")
    answer = klaviyo_client.post("/api/campaign-values-reports", report_body(metric))
    assert answer[0] == 400
    assert _error(answer)["detail"] == "Passed in conversion metric does not support querying for values data"


def test_a_cursor_is_bound_to_its_question(klaviyo_client: PlainClient) -> None:
    _, document, _ = klaviyo_client.get("/api/events", {"sort": "datetime", "page[size]": 5})
    following = document["links"]["next"]
    assert following.startswith(klaviyo_client.base)
    assert (
        klaviyo_client.get(following.replace("page%5Bcursor%5D=", "page%5Bcursor%5D=%3D"))[0] == 200
    )  # the SDK's extra "="
    assert klaviyo_client.get(following.replace("page%5Bsize%5D=5", "page%5Bsize%5D=7"))[0] == 200
    answer = klaviyo_client.get(following.replace("sort=datetime", "sort=-datetime"))
    assert (answer[0], _error(answer)["detail"]) == (400, "Invalid cursor provided.")


def test_revisions_branch(klaviyo_sandbox: Sandbox) -> None:
    assert PlainClient(klaviyo_sandbox, revision=None).get("/api/accounts")[0] == 400
    old = PlainClient(klaviyo_sandbox, revision="2024-10-15")
    assert old.get("/api/events", {"page[size]": 5})[0] == 400
    assert len(old.get("/api/events")[1]["data"]) == 200
    assert old.get("/api/events", **{"X-Klaviyo-Revision-Fall-Forward-Opt-Out": "1"})[0] == 410
    new = PlainClient(klaviyo_sandbox, revision="2026-10-15")
    campaigns = new.all("/api/campaigns", {"include": "campaign-messages"})
    assert set(campaigns[0]["attributes"]) == {"created_at", "updated_at", "definition"}
    assert new.get("/api/campaigns", {"filter": "equals(messages.channel,'email')"})[0] == 400
    messages = new.all("/api/campaign-messages", {"page[size]": 40})
    assert {m["relationships"]["campaign"]["data"]["id"] for m in messages} >= {c["id"] for c in campaigns}


def test_the_past_has_its_own_shapes_and_states(start_klaviyo: Callable[..., Sandbox]) -> None:
    sandbox = start_klaviyo(now=datetime(2026, 6, 2, tzinfo=UTC))
    old, new = PlainClient(sandbox, revision="2024-10-15"), PlainClient(sandbox)
    mail = "equals(messages.channel,'email')"
    message = old.get("/api/campaigns", {"filter": mail, "include": "campaign-messages"})[1]["included"][0]
    assert {"label", "channel", "content"} <= set(message["attributes"])
    assert set(old.get(f"/api/campaign-messages/{message['id']}")[1]["data"]["attributes"]) == set(
        message["attributes"]
    )
    assert "definition" in new.get(f"/api/campaign-messages/{message['id']}")[1]["data"]["attributes"]
    flow = old.get("/api/flows", {"include": "flow-actions"})[1]
    assert {"action_type", "status"} <= set(flow["included"][0]["attributes"])
    parts = old.get(f"/api/flow-actions/{flow['included'][0]['id']}/flow-messages")[1]["data"]
    assert {"name", "content"} <= set(parts[0]["attributes"])
    campaigns = new.all("/api/campaigns", {"filter": mail})
    assert all(c["attributes"]["created_at"] <= c["attributes"]["updated_at"] < "2026-06-02T01" for c in campaigns)
    sent = {c["attributes"]["send_time"] for c in campaigns if c["attributes"]["status"] == "Sent"}
    assert max(sent) < "2026-06-02"
    assert {c["attributes"]["status"] for c in campaigns} >= {"Sent", "Draft"}


def test_it_serves_in_the_foreground_until_interrupted(klaviyo_cache: Path) -> None:
    lines = f"from pathlib import Path; from milepost.sandbox.klaviyo import *; run([AccountSpec('a', 'pk_a', orders=20)], cache_dir=Path({str(klaviyo_cache)!r}))"
    command = [sys.executable, "-u", "-c", lines]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        word, url = process.stdout.readline().split()
        assert word == "READY"
        headers = {"Authorization": "Klaviyo-API-Key pk_a", "revision": "2026-07-15"}
        assert urllib3.PoolManager().request("GET", f"{url}/api/accounts/", headers=headers).status == 200
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")


def test_orphans_come_from_2026_07_unless_a_metric_is_asked_for(klaviyo_sandbox: Sandbox) -> None:
    known = {m["id"] for m in PlainClient(klaviyo_sandbox, "pk_samoa").all("/api/metrics")}

    def metrics(revision: str, text: str) -> set[str]:
        rows = PlainClient(klaviyo_sandbox, "pk_samoa", revision).all(
            "/api/events", {"filter": text, "page[size]": 1000}
        )
        return {e["relationships"]["metric"]["data"]["id"] for e in rows}

    year = "greater-or-equal(datetime,2025-11-01T00:00:00Z)"
    assert metrics("2026-04-15", year) <= known
    assert len(metrics("2026-07-15", year) - known) == 1
    assert metrics("2026-07-15", f"{year},has(metric)") <= known


def test_limits_are_fixed_windows_with_headers(start_klaviyo: Callable[..., Sandbox]) -> None:
    sandbox = start_klaviyo(limits="published")
    client = PlainClient(sandbox)
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

    spec = replace(KLAVIYO_ACCOUNTS[0], orders=500, late=0.5)
    sandbox = start_klaviyo(accounts=[spec], now=datetime(2025, 12, 1, tzinfo=UTC))
    client, before = PlainClient(sandbox), sandbox.expected("north")
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
    client = PlainClient(sandbox)
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
