"""Handlers of the small resources: each chooses its things, `collections` does the rest."""

from __future__ import annotations

from typing import Any

from milepost.sandbox.klaviyo import revisions, sends
from milepost.sandbox.klaviyo.call import Call
from milepost.sandbox.klaviyo.collections import one, page
from milepost.sandbox.klaviyo.errors import invalid, not_found
from milepost.sandbox.klaviyo.filters import clauses
from milepost.sandbox.klaviyo.things import Thing

Answer = dict[str, Any]


def _all(call: Call, kind: str) -> list[Thing]:
    return list(call.account.lists[kind])


def _one(call: Call, kind: str) -> Thing | None:
    return call.account.things.get((kind, call.id))


def _needed(call: Call, kind: str) -> Thing:
    thing = _one(call, kind)
    if thing is None:
        raise not_found(f"A {kind} with id {call.id} could not be found.")
    return thing


def accounts(call: Call) -> Answer:
    """The one account of the key."""
    return page(call, _all(call, "account"))


def campaigns(call: Call) -> Answer:
    """Campaigns of one channel; archived ones only when asked for. All channels from 2026-10-15."""
    found = clauses(call.query.node)
    omni = call.revision >= revisions.OMNI
    if not omni and not any(c.field == "messages.channel" for c in found):
        raise invalid(
            "A channel filter is required to list campaigns. Example: ?filter=equals(messages.channel,'email')",
            parameter="filter",
        )
    archived = any(c.field == "archived" and c.value is True for c in found)
    known = [sends.as_of(t, call.view.now) for t in _all(call, "campaign") if t.facts["created_at"] <= call.view.now]
    chosen = [t for t in known if t.facts["archived"] is archived]
    shaped = [sends.omni_campaign(t, call.account.spec.timezone) for t in chosen] if omni else chosen
    return page(_shape_included(call), shaped, shuffle=archived)


def campaign(call: Call) -> Answer:
    """One campaign."""
    thing = _one(call, "campaign")
    if thing is not None:
        thing = sends.as_of(thing, call.view.now) if thing.facts["created_at"] <= call.view.now else None
    if thing is not None and call.revision >= revisions.OMNI:
        thing = sends.omni_campaign(thing, call.account.spec.timezone)
    return one(_shape_included(call), thing)


def _message(call: Call, thing: Thing) -> Thing:
    if call.revision >= revisions.OMNI:
        parent = call.account.things.get(("campaign", str(thing.rels["campaign"][1])))
        return thing if parent is None else sends.omni_message(thing, sends.as_of(parent, call.view.now))
    return thing if call.revision >= revisions.DEFINITIONS else sends.legacy_message(thing)


def _shape_included(call: Call) -> Call:
    """Included messages, actions and campaigns take the shape of the revision, too."""
    if revisions.DEFINITIONS <= call.revision < revisions.OMNI or not call.query.includes:
        return call
    return call.shaped(lambda thing: shape(call, thing))


def shape(call: Call, thing: Thing) -> Thing:
    """A thing as the call's revision shows it."""
    match thing.type:
        case "campaign-message":
            return _message(call, thing)
        case "campaign" if call.revision >= revisions.OMNI:
            return sends.omni_campaign(thing, call.account.spec.timezone)
        case "flow-action" if call.revision < revisions.DEFINITIONS:
            return sends.legacy_action(thing)
        case "flow-message" if call.revision < revisions.DEFINITIONS:
            return sends.legacy_flow_message(thing)
        case _:
            return thing


def campaign_messages(call: Call) -> Answer:
    """All campaign messages (from 2026-10-15)."""
    return page(_shape_included(call), [_message(call, t) for t in _live_messages(call)])


def _live_messages(call: Call) -> list[Thing]:
    things = call.account.things
    return [t for t in _all(call, "campaign-message") if ("campaign", t.rels["campaign"][1]) in things]


def messages_of_campaign(call: Call) -> Answer:
    """The messages of one campaign. Raises 404."""
    ids = _needed(call, "campaign").rels["campaign-messages"][1] or []
    return page(_shape_included(call), [_message(call, t) for t in _live_messages(call) if t.id in ids])


def campaign_message(call: Call) -> Answer:
    """One campaign message."""
    thing = _one(call, "campaign-message")
    return one(_shape_included(call), None if thing is None else _message(call, thing))


def recipient_estimation(call: Call) -> Answer:
    """How many people a campaign would reach."""
    thing = _needed(call, "campaign")
    message = call.account.plan.messages[call.account.plan.campaigns[thing.facts["number"]].message]
    count = message.totals.get("received", 0) + message.totals.get("bounced", 0)
    return one(call, Thing("campaign-recipient-estimation", call.id, {"estimated_recipient_count": count}))


def flows(call: Call) -> Answer:
    """Flows."""
    return page(_shape_included(call), _all(call, "flow"))


def flow(call: Call) -> Answer:
    """One flow, with its definition if asked for."""
    thing = _one(call, "flow")
    if thing is not None and "definition" in call.query.additional:
        things = call.account.things
        ids = thing.rels["flow-actions"][1] or []
        actions = [things["flow-action", i].attributes["definition"] for i in ids]
        definition = {
            "triggers": [],
            "profile_filter": None,
            "actions": actions,
            "entry_action_id": ids[0] if ids else None,
        }
        thing = Thing(thing.type, thing.id, thing.attributes | {"definition": definition}, thing.rels, thing.facts)
    return one(_shape_included(call), thing)


def actions_of_flow(call: Call) -> Answer:
    """The actions of a flow. Raises 404."""
    parent = _needed(call, "flow")
    return page(call, [shape(call, t) for t in _all(call, "flow-action") if t.facts["flow"] == parent.id])


def flow_action(call: Call) -> Answer:
    """One flow action."""
    thing = _one(call, "flow-action")
    return one(_shape_included(call), None if thing is None else shape(call, thing))


def messages_of_action(call: Call) -> Answer:
    """The messages of a flow action. Raises 404."""
    parent = _needed(call, "flow-action")
    return page(call, [shape(call, t) for t in _all(call, "flow-message") if t.facts["action"] == parent.id])


def flow_message(call: Call) -> Answer:
    """One flow message."""
    thing = _one(call, "flow-message")
    return one(_shape_included(call), None if thing is None else shape(call, thing))


def metrics(call: Call) -> Answer:
    """All metrics on one page of at most 200."""
    return page(call, _all(call, "metric"))


def metric(call: Call) -> Answer:
    """One metric."""
    return one(call, _one(call, "metric"))


def mapped_metrics(call: Call) -> Answer:
    """Which metric means what."""
    return page(call, _all(call, "mapped-metric"))


def mapped_metric(call: Call) -> Answer:
    """What one meaning maps to."""
    return one(call, _one(call, "mapped-metric"))


def lists(call: Call) -> Answer:
    """Lists."""
    return page(call, _all(call, "list"))


def segments(call: Call) -> Answer:
    """Segments."""
    return page(call, _all(call, "segment"))


def templates(call: Call) -> Answer:
    """Templates."""
    return page(call, _all(call, "template"))


def tags(call: Call) -> Answer:
    """Tags."""
    return page(call, _all(call, "tag"))
