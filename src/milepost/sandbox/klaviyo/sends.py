"""Campaigns, flows and their messages as things, in the shape of each revision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from milepost.sandbox.klaviyo.names import codes, ulids
from milepost.sandbox.klaviyo.things import Thing, stamp
from milepost.sandbox.shop.marketing import Campaign, Flow, Message, Plan
from milepost.sandbox.shop.spec import AccountSpec

_OMNI_STATUS = {"Draft": "draft", "Scheduled": "scheduled", "Sent": "sent", "Sending": "sending"}


@dataclass(frozen=True, slots=True)
class SendNames:
    """Ids of what an account sends; `messages[i]` belongs to the plan's message i."""

    campaigns: list[str]
    flows: list[str]
    messages: list[str]
    actions: dict[int, str]


def names(spec: AccountSpec, plan: Plan) -> SendNames:
    """Assign ids: campaign messages look like ULIDs, flow messages like codes, actions like numbers."""
    long, short = ulids(spec.seed, "message", len(plan.messages)), codes(spec.seed, "flow-message", len(plan.messages))
    flow_messages = [m for m in plan.messages if m.in_flow]
    return SendNames(
        ulids(spec.seed, "campaign", len(plan.campaigns)),
        codes(spec.seed, "flow", len(plan.flows)),
        [short[m.index] if m.in_flow else long[m.index] for m in plan.messages],
        {m.index: str(61_000_000 + spec.seed % 1000 * 1000 + at) for at, m in enumerate(flow_messages)},
    )


def _strategy(campaign: Campaign) -> dict[str, Any]:
    at = campaign.sent or campaign.scheduled
    if at is None:
        return {"method": "immediate"}
    if campaign.index % 9 == 4:
        return {"method": "throttled", "datetime": stamp(at), "throttle_percentage": 20}
    return {"method": "static", "datetime": stamp(at), "options": {"is_local": False}}


def _tracking(channel: str) -> dict[str, Any]:
    params = [
        {"type": "dynamic", "value": "campaign_name_id", "name": "utm_campaign"},
        {"type": "static", "value": "klaviyo", "name": "utm_source"},
    ]
    base: dict[str, Any] = {"add_tracking_params": True, "custom_tracking_params": params}
    return base | ({"is_tracking_clicks": True, "is_tracking_opens": True} if channel == "email" else {})


def campaigns(plan: Plan, ids: SendNames, list_ids: list[str], tag_ids: list[str]) -> list[Thing]:
    """Campaigns in the shape up to 2026-07-15."""
    out = []
    for c in plan.campaigns:
        attributes: dict[str, Any] = {
            "name": c.name, "status": c.status, "archived": c.archived,
            "audiences": {"included": [list_ids[c.index % 3]], "excluded": [list_ids[5]] if c.index % 4 == 0 else []},
            "send_options": {"use_smart_sending": c.index % 5 != 0}, "tracking_options": _tracking(c.channel),
            "send_strategy": _strategy(c), "created_at": stamp(c.created), "scheduled_at": stamp(c.scheduled),
            "updated_at": stamp(c.updated), "send_time": stamp(c.sent),
        }  # fmt: skip
        tagged = [tag_ids[c.tag]] if c.tag else []
        rels: dict[str, Any] = {
            "campaign-messages": ("campaign-message", [ids.messages[c.message]]), "tags": ("tag", tagged),
        }  # fmt: skip
        facts = {
            "name": c.name, "status": c.status, "archived": c.archived, "messages.channel": c.channel, "created_at": c.created,
            "updated_at": c.updated, "scheduled_at": c.scheduled, "sent": c.sent, "number": c.index,
        }  # fmt: skip
        out.append(Thing("campaign", ids.campaigns[c.index], attributes, rels, facts))
    return out


def as_of(thing: Thing, now: int) -> Thing:
    """A campaign as it stood at an instant after its creation: not yet sent, or not yet archived."""
    facts, sent = thing.facts, thing.facts["sent"]
    if facts["updated_at"] <= now:
        return thing
    known = max(t for t in (facts["created_at"], facts["scheduled_at"], sent) if t is not None and t <= now)
    changed: dict[str, Any] = {"archived": False, "updated_at": known}
    if sent is not None and sent > now:
        planned = facts["scheduled_at"] is not None and facts["scheduled_at"] <= now
        changed |= {"status": "Scheduled" if planned else "Draft", "sent": None}
    shown = {k: v for k, v in changed.items() if k in ("archived", "status")} | {"updated_at": stamp(known)}
    shown |= {"send_time": None} if "sent" in changed else {}
    return Thing(thing.type, thing.id, thing.attributes | shown, thing.rels, facts | changed)


def _content(message: Message, slug: str) -> dict[str, Any]:
    if message.channel == "email":
        return {
            "subject": message.subject, "preview_text": f"{message.name} inside", "from_email": f"hello@{slug}.example",
            "from_label": slug.title(), "reply_to_email": None, "cc_email": None, "bcc_email": None,
        }  # fmt: skip
    if message.channel == "sms":
        return {"body": message.subject, "media_url": None}
    return {"title": message.name, "body": message.subject, "dynamic_image": None, "action_buttons": None}


def _definition(message: Message, slug: str) -> dict[str, Any]:
    content = _content(message, slug)
    if message.channel == "email":
        return {"channel": "email", "label": "Email 1", "content": content}
    if message.channel == "sms":
        options = {"shorten_links": True, "add_org_prefix": True, "add_info_link": True, "add_opt_out_language": False}
        return {"channel": "sms", "content": content, "render_options": options}
    return {
        "channel": "mobile_push", "notification_type": "standard", "content": content, "kv_pairs": {},
        "options": {"on_open": {"type": "open_app"}, "badge": {"display": False}, "play_sound": False},
    }  # fmt: skip


def campaign_messages(spec: AccountSpec, plan: Plan, ids: SendNames, templates: list[str]) -> list[Thing]:
    """The messages of campaigns, in the shape from 2025-01-15 to 2026-07-15."""
    out = []
    for c in plan.campaigns:
        message = plan.messages[c.message]
        times = [{"datetime": stamp(c.sent or c.scheduled), "is_local": False}] if c.sent or c.scheduled else None
        attributes = {
            "definition": _definition(message, spec.slug), "send_times": times, "created_at": stamp(c.created),
            "updated_at": stamp(c.updated),
        }  # fmt: skip
        template = templates[c.index % len(templates)] if c.channel == "email" else None
        rels: dict[str, Any] = {
            "campaign": ("campaign", ids.campaigns[c.index]), "template": ("template", template), "image": ("image", None),
        }  # fmt: skip
        facts = {"number": c.index, "message": message.index, "updated": c.updated}
        out.append(Thing("campaign-message", ids.messages[message.index], attributes, rels, facts))
    return out


def legacy_message(thing: Thing) -> Thing:
    """A campaign message as before 2025-01-15: label, channel and content at the top."""
    inner = thing.attributes["definition"]
    flat = {"label": inner.get("label"), "channel": inner["channel"], "content": inner["content"]}
    flat |= {"render_options": inner.get("render_options")}
    rest = {k: v for k, v in thing.attributes.items() if k != "definition"}
    return Thing(thing.type, thing.id, flat | rest, thing.rels, thing.facts)


def omni_campaign(thing: Thing, zone: str) -> Thing:
    """A campaign as from 2026-10-15, over all channels."""
    was = thing.attributes
    settings = {
        "send_timezone": zone, "send_strategy": was["send_strategy"]["method"], "send_passed_rltz_immediately": False,
        "exit_condition_enabled": False, "exit_condition_conversion_metric_id": None,
    }  # fmt: skip
    definition = {
        "name": was["name"], "builder": "wizard", "archived": was["archived"], "color": "ff5733", "description": None,
        "send_settings": settings,
    }  # fmt: skip
    attributes = {"created_at": was["created_at"], "updated_at": was["updated_at"], "definition": definition}
    rels: dict[str, Any] = {"campaign-audiences": ("campaign-audience", [])} | thing.rels
    return Thing(thing.type, thing.id, attributes, rels, thing.facts | {"builder": "wizard"})


def omni_message(thing: Thing, campaign: Thing) -> Thing:
    """A campaign message as from 2026-10-15; what it says lives in its variation."""
    was = campaign.attributes
    status = _OMNI_STATUS.get(was["status"], "cancelled")
    definition = {
        "name": was["name"], "status": status, "tracking_options": {"add_tracking_params": True},
        "send_options": was["send_options"], "ab_test": None,
    }  # fmt: skip
    attributes = {"created": was["created_at"], "updated": was["updated_at"], "definition": definition}
    rels: dict[str, Any] = {
        "campaign": ("campaign", campaign.id), "campaign-variations": ("campaign-variation", [variation_id(thing.id)]),
    }  # fmt: skip
    facts = campaign.facts
    facts = {
        "campaign_id": campaign.id, "name": facts["name"], "status": status, "created": facts["created_at"],
        "updated": facts["updated_at"],
    }  # fmt: skip
    return Thing("campaign-message", thing.id, attributes, rels, facts)


def variation_id(message_id: str) -> str:
    """The id of a message's one variation."""
    return message_id[:-3] + "VAR"


def variation(thing: Thing) -> Thing:
    """The one variation of a campaign message, with its content."""
    attributes = {
        "created": thing.attributes["created_at"], "updated": thing.attributes["updated_at"],
        "definition": thing.attributes["definition"],
    }  # fmt: skip
    return Thing(
        "campaign-variation", variation_id(thing.id), attributes, {"campaign-message": ("campaign-message", thing.id)}
    )


def flows(plan: Plan, ids: SendNames, tag_ids: list[str]) -> list[Thing]:
    """Flows."""
    out = []
    for f in plan.flows:
        facts = {
            "name": f.name, "status": f.status, "archived": f.archived, "created": f.created, "updated": f.updated,
            "trigger_type": f.trigger,
        }  # fmt: skip
        attributes = facts | {"created": stamp(f.created), "updated": stamp(f.updated)}
        rels: dict[str, Any] = {
            "flow-actions": ("flow-action", [ids.actions[m] for m in f.messages]), "tags": ("tag", [tag_ids[f.index % len(tag_ids)]]),
        }  # fmt: skip
        out.append(Thing("flow", ids.flows[f.index], attributes, rels, facts | {"number": f.index}))
    return out


_ACTION = {"email": "send-email", "sms": "send-sms", "mobile_push": "send-mobile-push"}
_LEGACY_ACTION = {"email": "SEND_EMAIL", "sms": "SEND_SMS", "mobile_push": "SEND_PUSH_NOTIFICATION"}
CHANNEL = {"email": "Email", "sms": "SMS", "mobile_push": "Push"}


def flow_content(message: Message, message_id: str, slug: str, template: str) -> dict[str, Any]:
    """A flow message's definition."""
    tail: dict[str, Any] = {"smart_sending_enabled": True, "name": message.name, "id": message_id}
    if message.channel == "email":
        return {
            "from_email": f"hello@{slug}.example", "from_label": slug.title(), "reply_to_email": None, "cc_email": None,
            "bcc_email": None, "subject_line": message.subject, "preview_text": message.name, "template_id": template,
            "transactional": False, "add_tracking_params": True, "custom_tracking_params": None, "additional_filters": None,
        } | tail  # fmt: skip
    if message.channel == "sms":
        return {"body": message.subject, "transactional": False, "add_tracking_params": True} | tail
    return {
        "title": message.name,
        "body": message.subject,
        "sound": True,
        "badge": False,
        "push_type": "standard",
    } | tail


def flow_parts(spec: AccountSpec, plan: Plan, ids: SendNames, templates: list[str]) -> tuple[list[Thing], list[Thing]]:
    """Actions and messages of all flows."""
    actions: list[Thing] = []
    messages: list[Thing] = []
    for flow in plan.flows:
        for step, index in enumerate(flow.messages):
            action, message = _step(
                spec, ids, flow, step, message=plan.messages[index], template=templates[index % len(templates)]
            )
            actions.append(action)
            messages.append(message)
    return actions, messages


def _step(
    spec: AccountSpec, ids: SendNames, flow: Flow, step: int, *, message: Message, template: str
) -> tuple[Thing, Thing]:
    action_id, message_id = ids.actions[message.index], ids.messages[message.index]
    follows = flow.messages[step + 1] if step + 1 < len(flow.messages) else None
    content = flow_content(message, message_id, spec.slug, template)
    dates = {"created": stamp(flow.created + step), "updated": stamp(flow.updated + step)}
    facts = {
        "created": flow.created + step,
        "updated": flow.updated + step,
        "status": flow.status,
        "name": message.name,
    }
    facts |= {"action_type": _LEGACY_ACTION[message.channel], "number": message.index, "flow": ids.flows[flow.index]}
    definition = {
        "id": action_id, "temporary_id": None, "type": _ACTION[message.channel],
        "links": {"next": None if follows is None else ids.actions[follows]},
        "data": {"message": content, "status": flow.status},
    }  # fmt: skip
    rels: dict[str, Any] = {
        "flow": ("flow", ids.flows[flow.index]), "flow-messages": ("flow-message", [message_id]),
    }  # fmt: skip
    action = Thing("flow-action", action_id, dates | {"definition": definition}, rels, facts)
    attributes = {"channel": CHANNEL[message.channel]} | dates | {"definition": content}
    back: dict[str, Any] = {
        "flow-action": ("flow-action", action_id), "template": ("template", template if message.channel == "email" else None),
    }  # fmt: skip
    return action, Thing("flow-message", message_id, attributes, back, facts | {"action": action_id})


def legacy_action(thing: Thing) -> Thing:
    """A flow action as before 2025-01-15."""
    attributes = {
        "action_type": thing.facts["action_type"], "status": thing.facts["status"], "created": thing.attributes["created"],
        "updated": thing.attributes["updated"], "settings": {}, "tracking_options": {"add_utm": True}, "send_options": {},
        "render_options": None,
    }  # fmt: skip
    return Thing(thing.type, thing.id, attributes, thing.rels, thing.facts)


def legacy_flow_message(thing: Thing) -> Thing:
    """A flow message as before 2025-01-15: name and content at the top."""
    rest = {k: v for k, v in thing.attributes.items() if k != "definition"}
    flat = {"name": thing.facts["name"], "content": thing.attributes["definition"]}
    return Thing(thing.type, thing.id, flat | rest, thing.rels, thing.facts)
