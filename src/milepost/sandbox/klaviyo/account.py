"""One account in memory: its shop, its resources and its logs; opened from the cache, which is written when missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from milepost.sandbox.klaviyo import resources, sends
from milepost.sandbox.klaviyo.build import LINES, Scribe
from milepost.sandbox.klaviyo.derived import RULES, Base, DerivedLog
from milepost.sandbox.klaviyo.inclusions import target
from milepost.sandbox.klaviyo.logs import BlobLog, EventLog
from milepost.sandbox.klaviyo.names import EventNames
from milepost.sandbox.klaviyo.payloads.order import landing_query
from milepost.sandbox.klaviyo.profiles import Directory
from milepost.sandbox.klaviyo.sendlog import Mailbox, SendLog
from milepost.sandbox.klaviyo.things import Thing
from milepost.sandbox.shop.catalogue import Item, catalogue
from milepost.sandbox.shop.marketing import Channel, Kind, Message, Plan, plan
from milepost.sandbox.shop.mix import Ints
from milepost.sandbox.shop.orders import Orders, draw
from milepost.sandbox.shop.people import People
from milepost.sandbox.shop.season import Season, season
from milepost.sandbox.shop.spec import AccountSpec, Shop

SEND_METRICS: dict[int, tuple[Kind, tuple[Channel, ...]]] = {
    9: ("received", ("email",)), 10: ("opened", ("email",)), 11: ("clicked", ("email",)), 12: ("bounced", ("email",)),
    13: ("unsubscribed", ("email", "sms")), 14: ("spam", ("email",)), 15: ("received", ("sms",)),
    16: ("clicked", ("sms",)), 17: ("received", ("mobile_push",)), 18: ("opened", ("mobile_push",)),
}  # fmt: skip
_ORPHANS = 3
MEDIUM = {"email": "email", "sms": "sms", "mobile_push": "push"}


@dataclass(slots=True)
class Account:
    """Everything the server knows of one account. Logs other than placed orders are made when first asked for."""

    spec: AccountSpec
    season: Season
    plan: Plan
    items: list[Item]
    people: People
    names: EventNames
    sent: sends.SendNames
    metrics: dict[int, Thing]
    orphan: str
    lists: dict[str, list[Thing]]
    things: dict[tuple[str, str], Thing]
    orders: BlobLog
    lines: dict[str, Ints]
    others: dict[int, BlobLog]
    directory: Directory
    attribution_targets: list[bytes]
    made: dict[int, EventLog] = field(default_factory=dict)
    revoked: bool = False
    released: bool = False

    def log(self, number: int) -> EventLog | None:
        """The log of a metric by its number; None for metrics without events."""
        if number == resources.PLACED:
            return self.orders
        if number in self.others:
            return self.others[number]
        if number not in self.made:
            maker = self._maker(number)
            if maker is None:
                return None
            self.made[number] = maker()
        return self.made[number]

    def _maker(self, number: int) -> Callable[[], EventLog] | None:
        thing = self.metrics.get(number)
        if thing is None:
            return None
        name = thing.attributes["name"]
        if name in RULES:
            return lambda: DerivedLog(number, thing.id, name, self._base())
        if number in SEND_METRICS:
            kind, channels = SEND_METRICS[number]
            members = [m.index for m in self.plan.messages if m.channel in channels and m.totals.get(kind)]
            return lambda: SendLog(number, thing.id, kind, members, self._mailbox())
        return None

    def _base(self) -> Base:
        orders = self.orders
        visible = np.load(orders.folder / "visible.npy", mmap_mode="r")
        return Base(
            orders.ts, visible, orders.profile, orders.message, orders.cents, self.lines["line_start"], self.lines["line_item"], self.lines["line_qty"], self.items,
            self.names, self.people, self.spec.currency,
        )  # fmt: skip

    def _mailbox(self) -> Mailbox:
        stamps = [_stamp(m, self.sent) for m in self.plan.messages]
        return Mailbox(self.season, self.plan.messages, stamps, self.names, self.people)

    def logs(self) -> list[EventLog]:
        """The logs of all metrics that exist."""
        return [log for number in sorted(self.metrics) if (log := self.log(number)) is not None]

    def metric_number(self, metric_id: str) -> int | None:
        """The number of a metric by its id."""
        return next((n for n, t in self.metrics.items() if t.id == metric_id), None)

    def forget(self, kind: str, resource_id: str) -> bool:
        """Delete a resource: it vanishes without a trace. False if it was not there."""
        if self.things.pop((kind, resource_id), None) is None:
            return False
        for name, members in self.lists.items():
            self.lists[name] = [t for t in members if (t.type, t.id) != (kind, resource_id)]
        return True


def _stamp(message: Message, ids: sends.SendNames) -> bytes:
    flow = f'"$flow":"{ids.flows[message.parent]}",' if message.in_flow else ""
    code = ids.messages[message.index]
    return (
        f'"$message":"{code}",{flow}"$_cohort$message_send_cohort":"{message.sent_at}:{code}",'
        f'"Campaign Name":"{message.name}","Subject":"{message.subject}","$ESP":1'
    ).encode()


def people_count(spec: AccountSpec) -> int:
    """How many profiles an account has."""
    return max(30, int(spec.orders * 0.35))


def open_account(spec: AccountSpec, cache: Path) -> Account:
    """Open an account, generating its events into `cache` when they are not there yet."""
    people = People(people_count(spec), spec.seed)
    shopping = plan(spec, people.count)
    ids = sends.names(spec, shopping)
    metrics = resources.metrics(spec)
    orphan = resources.orphan_metric(spec)
    times, items, names = season(spec.start, spec.end, spec.zone), catalogue(spec.seed), EventNames(spec.seed)
    folder = cache / spec.fingerprint()
    causes = [landing_query("klaviyo", MEDIUM[m.channel], m.name, ids.messages[m.index]) for m in shopping.messages]

    def stored(number: int, metric_id: str, of: AccountSpec, shop: Shop, messages: list[Message]) -> BlobLog:
        path = folder / str(number)
        if not path.is_dir():
            orders: Orders = draw(of, times, messages, items, people.count)
            Scribe(spec, names, people, items, causes, number, metric_id, shop).write(path, orders)
        return BlobLog(number, metric_id, path)

    few = replace(spec, orders=max(3, spec.orders // 200), seed=spec.seed + 1_000_003, future=0)
    lost = replace(spec, orders=_ORPHANS, seed=spec.seed + 2_000_003, future=0, late=0.0)
    placed = stored(resources.PLACED, metrics[resources.PLACED].id, spec, spec.shop, shopping.messages)
    others = {
        resources.API_PLACED: stored(resources.API_PLACED, metrics[resources.API_PLACED].id, few, "api", []),
        resources.ORPHAN: stored(resources.ORPHAN, orphan, lost, "api", []),
    }
    groups = _groups(spec, shopping, ids, metrics)
    things = {(t.type, t.id): t for members in groups.values() for t in members}
    lines = {n: np.load(placed.folder / f"{n}.npy", mmap_mode="r") for n in LINES}
    directory = Directory.of(spec, people, times, placed.ts, placed.profile)
    return Account(
        spec, times, shopping, items, people, names, ids, metrics, orphan, groups, things, placed, lines, others, directory,
        [_target(m, ids) for m in shopping.messages],
    )  # fmt: skip


def _target(message: Message, ids: sends.SendNames) -> bytes:
    parents = ids.flows if message.in_flow else ids.campaigns
    return target(message.in_flow, parents[message.parent], ids.messages[message.index])


def _groups(
    spec: AccountSpec, shopping: Plan, ids: sends.SendNames, metrics: dict[int, Thing]
) -> dict[str, list[Thing]]:
    tags, tag_group = resources.tags(spec)
    tag_ids = [t.id for t in tags]
    lists = resources.lists(spec, tag_ids)
    templates = resources.templates(spec)
    template_ids = [t.id for t in templates]
    actions, flow_messages = sends.flow_parts(spec, shopping, ids, template_ids)
    flows = sends.flows(shopping, ids, tag_ids)
    lists[0].rels["flow-triggers"] = ("flow", [flows[0].id])
    metrics[2].rels["flow-triggers"] = ("flow", [flows[1].id])
    return {
        "account": [resources.account(spec)],
        "campaign": sends.campaigns(shopping, ids, [t.id for t in lists], tag_ids),
        "campaign-message": sends.campaign_messages(spec, shopping, ids, template_ids),
        "flow": flows,
        "flow-action": actions,
        "flow-message": flow_messages,
        "list": lists,
        "mapped-metric": resources.mapped_metrics(spec, metrics),
        "metric": list(metrics.values()),
        "segment": resources.segments(spec, tag_ids, lists[0].id),
        "tag": tags,
        "tag-group": [tag_group],
        "template": templates,
    }
