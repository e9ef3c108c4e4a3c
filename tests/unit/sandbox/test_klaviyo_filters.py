"""The filter grammar: what is read, what is refused, what passes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.sandbox.klaviyo import filters
from milepost.sandbox.klaviyo.endpoints import ENDPOINTS
from milepost.sandbox.klaviyo.errors import Refusal
from milepost.sandbox.klaviyo.filters import And, Clause, Not

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ('equals(metric_id,"abc")', Clause("equals", "metric_id", "abc")),
        ("equals(messages.channel,'email')", Clause("equals", "messages.channel", "email")),
        ('any(id,["a","b"])', Clause("any", "id", ["a", "b"])),
        ("any(id,[])", Clause("any", "id", [])),
        ("has(profile)", Clause("has", "profile")),
        ("not(equals(archived,true))", Not(Clause("equals", "archived", True))),
        ("greater-than(timestamp,12)", Clause("greater-than", "timestamp", 12)),
        ("greater-or-equal(datetime,2026-01-01T00:00:00Z)", Clause("greater-or-equal", "datetime", JANUARY)),
        ('equals( name , "a,b)\'" )', Clause("equals", "name", "a,b)'")),
        ('equals(name,"say \\"hi\\"")', Clause("equals", "name", 'say "hi"')),
        ('equals("Campaign Name","x")', Clause("equals", "Campaign Name", "x")),
        ('equals($message,"m")', Clause("equals", "$message", "m")),
        ("has(a),has(b)", And((Clause("has", "a"), Clause("has", "b")))),
        ("and(has(a),has(b))", And((Clause("has", "a"), Clause("has", "b")))),
    ],
)
def test_text_is_read(text: str, node: filters.Node) -> None:
    assert filters.parse(text) == node


@pytest.mark.parametrize(
    "text",
    [
        "", "equals", "equals(", "equals(name)", 'equals(name,"a"', 'equals(name,"a"))', "equals(name,a b)", "equals(name,abc)",
        'like(name,"a")', 'equals(name,"a") has(b)', "greater-than(datetime,2026-13-01T00:00:00Z)", "or(has(a),has(b))",
        "greater-than(datetime,2026-01-01T00:00:00 00:00)",
    ],
)  # fmt: skip
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        filters.parse(text)
    assert caught.value.status == 400
    assert caught.value.body["source"] == {"parameter": "filter"}


_words = st.from_regex(r"[a-z_$][a-z_.]{0,12}", fullmatch=True)
_moments = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)).flatmap(  # noqa: DTZ001
    lambda m: st.sampled_from([m, m.replace(tzinfo=UTC), m.replace(tzinfo=timezone(timedelta(hours=-9, minutes=-30)))])
)
_scalars = st.one_of(st.text(), st.booleans(), st.none(), st.integers(-(10**9), 10**9), _moments)
_operators = st.sampled_from(sorted(filters.OPERATORS - {"has"}))
_clauses = st.one_of(
    st.builds(Clause, _operators, _words, st.one_of(_scalars, st.lists(_scalars, max_size=4))),
    st.builds(Clause, st.just("has"), _words),
)
_nodes = st.recursive(
    _clauses,
    lambda inner: st.one_of(st.builds(Not, inner), st.builds(And, st.lists(inner, min_size=1, max_size=3).map(tuple))),
)


@given(_nodes)
def test_what_is_written_is_read_back(node: filters.Node) -> None:
    assert filters.parse(filters.write(node)) == node


def _whitelist(path: str) -> filters.Whitelist:
    return next(e.filters for e in ENDPOINTS if e.path == path)


TABLE = {  # contracts/klaviyo.md 1.4: per path the clauses that pass, and those that do not
    "/api/campaigns": (
        ["any(id,['a'])", "contains(name,'a')", "any(status,['Sent'])", "equals(status,'Draft')", "equals(archived,true)"],
        ["equals(id,'a')", "equals(name,'a')", "equals(messages.channel,'fax')", "equals(status,'sent')", "equals(updated_at,2026-01-01)"],
    ),
    "/api/flows": (
        ["ends-with(name,'a')", "equals(created,2026-01-01T00:00:00Z)", "equals(trigger_type,'Metric')"],
        ["any(name,['a'])", "contains(status,'a')", "equals(archived,'true')"],
    ),
    "/api/metrics": (["equals(integration.name,'Shopify')"], ["equals(name,'Placed Order')", "contains(integration.name,'S')"]),
    "/api/events": (
        ["equals(metric_id,['a','b'])", "has(metric)", "less-than(timestamp,5)", "less-or-equal(datetime,2026-01-01T00:00:00Z)"],
        ["any(metric_id,['a'])", "has(metric_id)", "equals(datetime,2026-01-01T00:00:00Z)", "less-than(datetime,5)", "any(profile_id,['a'])"],
    ),
    "/api/profiles": (
        ["equals(email,'a')", "any(id,['a'])", "greater-than(updated,2026-01-01T00:00:00Z)"],
        ["greater-or-equal(updated,2026-01-01T00:00:00Z)", "contains(email,'a')", "any(_kx,['a'])"],
    ),
    "/api/lists": (
        ["equals(name,['a'])", "greater-than(created,2026-01-01T00:00:00Z)"],
        ["less-than(created,2026-01-01T00:00:00Z)", "equals(name,'a')", "equals(is_active,true)"],
    ),
    "/api/segments": (["any(is_active,[true])", "equals(is_starred,true)"], ["any(is_starred,[true])"]),
    "/api/lists/{id}/profiles": (["less-than(joined_group_at,2026-01-01T00:00:00Z)"], ["equals(joined_group_at,2026-01-01T00:00:00Z)"]),
    "/api/templates": (["contains(name,'a')", "equals(updated,2026-01-01T00:00:00Z)"], ["starts-with(name,'a')", "equals(id,'a')"]),
    "/api/tags": (["starts-with(name,'a')"], ["any(name,['a'])", "equals(id,'a')"]),
}  # fmt: skip
_CASES = [(p, t, good) for p, (yes, no) in TABLE.items() for good, texts in ((True, yes), (False, no)) for t in texts]


@pytest.mark.parametrize(("path", "text", "good"), _CASES)
def test_each_field_takes_its_own_operators(path: str, text: str, good: bool) -> None:
    node, allowed = filters.parse(text), _whitelist(path)
    if good:
        filters.check(node, allowed)
        return
    with pytest.raises(Refusal) as caught:
        filters.check(node, allowed)
    assert caught.value.body["source"] == {"parameter": "filter"}


FACTS = {"name": "Black Friday", "archived": False, "created": JANUARY.timestamp(), "tags": ["a", "b"], "sent": None}


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("contains(name,'black')", True),
        ("starts-with(name,'fri')", False),
        ("ends-with(name,'DAY')", True),
        ("equals(archived,false)", True),
        ("equals(name,['x','Black Friday'])", True),
        ("any(name,['x'])", False),
        ("contains-any(tags,['b','z'])", True),
        ("contains-all(tags,['b','z'])", False),
        ("greater-or-equal(created,2026-01-01T00:00:00Z)", True),
        ("greater-than(created,2026-01-01T00:00:00)", False),
        ("less-or-equal(created,2026-01-01T01:00:00+01:00)", True),
        ("less-than(created,2026-01-01T00:00:00Z)", False),
        ("has(sent)", False),
        ("greater-than(sent,2020-01-01T00:00:00Z)", False),
        ("and(has(name),not(has(sent)))", True),
    ],
)
def test_facts_pass_or_not(text: str, passes: bool) -> None:
    assert filters.matches(filters.parse(text), FACTS) is passes
