"""What a shop sends: campaigns, flows and their messages, with how many people they reach and move."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Literal

from milepost.sandbox.shop.season import HOUR, black_friday, midnight
from milepost.sandbox.shop.spec import AccountSpec

Channel = Literal["email", "sms", "mobile_push"]
Kind = Literal["received", "opened", "clicked", "bounced", "unsubscribed", "spam"]

SENDS_PER_ORDER = 6
_THEMES = (
    "New in",
    "Weekend picks",
    "Restocked",
    "Staff favourites",
    "Last chance",
    "Thank you",
    "Early access",
    "Café hour",
)
_FLOWS: tuple[tuple[str, str, str, bool, tuple[Channel, ...]], ...] = (
    ("Welcome Series", "Added to List", "live", False, ("email", "email", "email")),
    ("Abandoned Cart", "Metric", "live", False, ("email", "sms", "email")),
    ("Browse Abandonment", "Metric", "live", False, ("email",)),
    ("Post Purchase", "Metric", "live", False, ("email", "email")),
    ("Winback", "Metric", "live", False, ("email", "email")),
    ("Birthday", "Date Based", "manual", False, ("email",)),
    ("Price Drop", "Price Drop", "live", False, ("email", "mobile_push")),
    ("Almost Gone", "Low Inventory", "draft", False, ("email",)),
    ("Old Welcome", "Unconfigured", "draft", True, ("email",)),
)


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a campaign or a flow. `totals[kind]` and `uniques[kind]` are counts of events and of people."""

    index: int
    channel: Channel
    parent: int
    in_flow: bool
    name: str
    subject: str
    sent_at: int  # epoch second; 0: a flow message, sent all the time
    strength: float
    totals: dict[Kind, int] = field(default_factory=dict)
    uniques: dict[Kind, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign; drafts and cancelled ones have no send time. Times are epoch seconds (UTC)."""

    index: int
    name: str
    channel: Channel
    status: str
    archived: bool
    created: int
    updated: int
    scheduled: int | None
    sent: int | None
    tag: int
    message: int


@dataclass(frozen=True, slots=True)
class Flow:
    """One flow; `messages` are indices into the plan's messages."""

    index: int
    name: str
    trigger: str
    status: str
    archived: bool
    created: int
    updated: int
    messages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a shop sends."""

    campaigns: list[Campaign]
    flows: list[Flow]
    messages: list[Message]


def _some(rng: Random, share: float, of: int) -> int:
    return min(of, int(of * share + rng.random()))  # rounded by chance: small audiences get their rare events, too


def _effects(rng: Random, channel: Channel, sends: int) -> tuple[dict[Kind, int], dict[Kind, int]]:
    bounced = _some(rng, rng.uniform(0.002, 0.02), sends) if channel == "email" else 0
    got = sends - bounced
    openers = round(got * rng.uniform(0.22, 0.48)) if channel != "sms" else 0
    clickers = _some(rng, rng.uniform(0.01, 0.06), got)
    left = _some(rng, rng.uniform(0.0005, 0.004), got) if channel != "mobile_push" else 0
    spam = _some(rng, rng.uniform(0.0, 0.0006), got) if channel == "email" else 0
    uniques: dict[Kind, int] = {"received": got, "opened": openers, "clicked": clickers, "bounced": bounced}
    uniques |= {"unsubscribed": left, "spam": spam}
    again = {"opened": rng.uniform(1.2, 1.6), "clicked": rng.uniform(1.1, 1.4)}
    return {kind: round(count * again.get(kind, 1.0)) for kind, count in uniques.items()}, uniques


def _calendar(spec: AccountSpec) -> Iterator[tuple[date, Channel, str, int]]:
    day, week = spec.start, 0
    while day < spec.end:
        if day.weekday() == 1:
            week += 1
            yield day, "email", _THEMES[week % len(_THEMES)], 14
            if week % 3 == 0:
                yield day, "mobile_push", f"Push {_THEMES[(week + 2) % len(_THEMES)]}", 17
        if day.weekday() == 4 and day != black_friday(day.year):
            yield day, "email", f"Friday {_THEMES[(week + 4) % len(_THEMES)].lower()}", 10
            if week % 2 == 0:
                yield day, "sms", f"Text {_THEMES[(week + 1) % len(_THEMES)].lower()}", 16
        if day == black_friday(day.year):
            yield day, "email", "Black Friday", 7
            yield day, "sms", "Black Friday text", 9
        day += timedelta(days=1)


def _send_hour(day: date, hour: int, spec: AccountSpec) -> int:
    return (midnight(day, spec.zone) + hour * HOUR) // HOUR * HOUR


def plan(spec: AccountSpec, people: int) -> Plan:
    """The shop's campaigns and flows: about two e-mails a week, texts and pushes now and then, nine flows."""
    rng = Random(f"marketing:{spec.seed}")
    slots = list(_calendar(spec))
    weight = {"email": 1.0, "sms": 0.35, "mobile_push": 0.2}
    share = spec.orders * SENDS_PER_ORDER * 0.7 / max(1.0, sum(weight[slot[1]] for slot in slots))
    campaigns: list[Campaign] = []
    messages: list[Message] = []
    for day, channel, theme, hour in slots:
        sent = _send_hour(day, hour, spec)
        sends = min(int(people * 0.8), round(share * weight[channel] * rng.uniform(0.7, 1.3)))
        totals, uniques = _effects(rng, channel, sends)
        oldest = not any(c.channel == channel for c in campaigns)
        title, number = f"{theme} {day:%d %b %Y}", len(campaigns)
        made = _campaign(rng, number, title, channel=channel, sent=sent, message=len(messages), oldest=oldest)
        campaigns.append(made)
        strength = {"email": 0.5, "sms": 0.25, "mobile_push": 0.1}[channel] * rng.uniform(0.5, 1.5)
        name, subject = made.name, f"{theme}: {rng.choice(_THEMES).lower()} 🎁"
        messages.append(Message(len(messages), channel, number, False, name, subject, sent, strength, totals, uniques))
    _unsent(rng, spec, campaigns, messages)
    flows = _flows(rng, spec, people, messages)
    return Plan(campaigns, flows, messages)


def _campaign(
    rng: Random, index: int, name: str, *, channel: Channel, sent: int, message: int, oldest: bool
) -> Campaign:
    created = sent - rng.randint(1, 12) * 86_400 - rng.randint(0, 86_399)
    archived = rng.random() < 0.15 or oldest
    updated = sent + rng.randint(600, 90_000) + (rng.randint(30, 90) * 86_400 if archived else 0)
    return Campaign(
        index,
        name,
        channel,
        "Sent",
        archived,
        created,
        updated,
        sent - rng.randint(600, 80_000),
        sent,
        index % 6,
        message,
    )


def _unsent(rng: Random, spec: AccountSpec, campaigns: list[Campaign], messages: list[Message]) -> None:
    last = midnight(spec.end, spec.zone)
    kinds: tuple[tuple[str, Channel], ...] = (
        ("Draft", "email"), ("Draft", "sms"), ("Scheduled", "email"), ("Cancelled: No Recipients", "email"), ("Draft", "mobile_push"),
    )  # fmt: skip
    for number, (status, channel) in enumerate(kinds):
        created = last - (number + 2) * 86_400 - rng.randint(0, 80_000)
        scheduled = last + 40 * 86_400 if status == "Scheduled" else None
        name = f"{status.split(':', maxsplit=1)[0]} idea {number + 1}"
        index, message = len(campaigns), len(messages)
        campaigns.append(
            Campaign(index, name, channel, status, number == 4, created, created + 3600, scheduled, None, 0, message)
        )
        messages.append(Message(message, channel, index, False, name, name, 0, 0.0))


def _flows(rng: Random, spec: AccountSpec, people: int, messages: list[Message]) -> list[Flow]:
    first = midnight(spec.start, spec.zone)
    live = sum(len(parts) for _, _, status, _, parts in _FLOWS if status == "live")
    flows: list[Flow] = []
    for index, (name, trigger, status, archived, parts) in enumerate(_FLOWS):
        mine: list[int] = []
        for step, channel in enumerate(parts):
            sends = round(spec.orders * SENDS_PER_ORDER * 0.3 / live * rng.uniform(0.6, 1.4)) if status == "live" else 0
            totals, uniques = _effects(rng, channel, min(sends, people))
            title = f"{name} #{step + 1}"
            strength = 0.2 / live if status == "live" else 0.0
            mine.append(len(messages))
            messages.append(
                Message(len(messages), channel, index, True, title, f"{title} for you", 0, strength, totals, uniques)
            )
        created = first - rng.randint(20, 400) * 86_400
        flows.append(
            Flow(index, name, trigger, status, archived, created, created + rng.randint(1, 200) * 86_400, tuple(mine))
        )
    return flows
