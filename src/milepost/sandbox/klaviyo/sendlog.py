"""Logs of what messages did (received, opened, clicked …): counters per message and hour; events computed from rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import gcd

import numpy as np

from milepost.sandbox.klaviyo.envelope import wrap
from milepost.sandbox.klaviyo.logs import Columns
from milepost.sandbox.klaviyo.names import EventNames
from milepost.sandbox.klaviyo.shade import Shade, View
from milepost.sandbox.shop.marketing import Kind, Message
from milepost.sandbox.shop.mix import Floats, Ints, word
from milepost.sandbox.shop.people import People
from milepost.sandbox.shop.season import HOUR, Season

_FADE: dict[Kind, tuple[int, float]] = {  # hours that a campaign's effect lasts, hours in which it fades by e
    "received": (2, 0.4), "opened": (96, 14.0), "clicked": (96, 10.0), "bounced": (2, 0.5),
    "unsubscribed": (48, 12.0), "spam": (48, 12.0),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mailbox:
    """What every log of sent messages shares. `stamps[i]` is the JSON text of message i's own properties."""

    season: Season
    messages: list[Message]
    stamps: list[bytes]
    names: EventNames
    people: People


def _spread(total: int, weight: Floats) -> Ints:
    steps = np.rint(np.cumsum(weight) / weight.sum() * total).astype(np.int64)
    out: Ints = np.diff(steps, prepend=0)
    return out


@dataclass(slots=True)
class SendLog:
    """One metric over the messages of some channels.

    A cell is (hour, message): `first` is the row it starts at, `seen` how many of the message's events came before.
    """

    number: int
    metric_id: str
    kind: Kind
    members: list[int]
    box: Mailbox
    shade: Shade = field(init=False, default_factory=Shade)
    sent: bool = field(init=False, default=True)
    size: int = field(init=False)
    cell_message: Ints = field(init=False)
    first: Ints = field(init=False)
    seen: Ints = field(init=False)
    hours: Ints = field(init=False)
    hour_first: Ints = field(init=False)
    unique: Ints = field(init=False)
    step: Ints = field(init=False)
    shift: Ints = field(init=False)

    def __post_init__(self) -> None:
        parts = [self._cells(self.box.messages[i]) for i in self.members]
        none = np.empty(0, dtype=np.int64)
        hour = np.concatenate([none, *(p[0] for p in parts)])
        count = np.concatenate([none, *(p[1] for p in parts)])
        message = np.concatenate([none, *(np.full(len(p[0]), i) for i, p in zip(self.members, parts, strict=True))])
        seen = np.concatenate([none, *(np.cumsum(p[1]) - p[1] for p in parts)])
        kept = count > 0
        order = np.lexsort((message[kept], hour[kept]))
        hour, count = hour[kept][order], count[kept][order]
        self.cell_message, self.seen = message[kept][order].astype(np.int64), seen[kept][order]
        self.first = np.concatenate([[0], np.cumsum(count)])
        self.size = int(self.first[-1])
        self.hours, start = np.unique(hour, return_index=True)
        self.hour_first = np.append(self.first[start], self.size)
        self._people()

    def _cells(self, message: Message) -> tuple[Ints, Ints]:
        total = message.totals.get(self.kind, 0)
        if message.in_flow:
            return self.box.season.hours, _spread(total, self.box.season.weight)
        lasts, fade = _FADE[self.kind]
        ages = np.arange(lasts, dtype=np.int64)
        return message.sent_at // HOUR + ages, _spread(total, np.exp(-ages / fade))

    def _people(self) -> None:
        count = self.box.people.count
        step, shift = [], []
        for message in self.box.messages:
            a = word(message.index, self.box.people.seed + 5) % count | 1
            while gcd(a, count) != 1:
                a += 2
            step.append(a)
            shift.append(word(message.index, self.box.people.seed + 6) % count)
        self.step, self.shift = np.array(step, dtype=np.int64), np.array(shift, dtype=np.int64)
        unique = [max(1, message.uniques.get(self.kind, 0)) for message in self.box.messages]
        self.unique = np.array(unique, dtype=np.int64)

    def rows_before(self, second: int) -> int:
        """How many rows are older than this epoch second."""
        at = int(np.searchsorted(self.hours, second // HOUR))
        if at == len(self.hours):
            return self.size
        begin, end = int(self.hour_first[at]), int(self.hour_first[at + 1])
        if int(self.hours[at]) != second // HOUR:
            return begin
        return begin + -(-(second % HOUR) * (end - begin) // HOUR)

    def columns(self, rows: Ints) -> Columns:
        """The columns of these rows; the value is zero."""
        at = np.searchsorted(self.hour_first, rows, side="right") - 1
        begin = self.hour_first[at]
        ts = self.hours[at] * HOUR + (rows - begin) * HOUR // (self.hour_first[at + 1] - begin)
        cell = np.searchsorted(self.first, rows, side="right") - 1
        message = self.cell_message[cell]
        place = (self.seen[cell] + rows - self.first[cell]) % self.unique[message]
        profile = (place * self.step[message] + self.shift[message]) % self.box.people.count
        return Columns(ts, profile, message, np.zeros(len(rows), dtype=np.int64))

    def encode(self, rows: Ints, view: View) -> list[bytes]:
        """One event object per row."""
        return self.each(rows, view)

    def each(self, rows: Ints, view: View) -> list[bytes]:
        """One event object per row; nothing of it depends on the view."""
        del view
        columns = self.columns(rows)
        stamps = self.box.stamps
        properties = [
            b'{"$event_id":"%d:%d",%b,"Email Domain":"example.com","Inbox Provider":"Other"%b}'
            % (self.number, row, stamps[m], b',"URL":"https://shop.example/"' if self.kind == "clicked" else b"")
            for row, m in zip(rows.tolist(), columns.message.tolist(), strict=True)
        ]
        return wrap(
            self.box.names, self.box.people, self.number, self.metric_id, rows=rows, ts=columns.ts,
            profile=columns.profile, attributed=[False] * len(rows), properties=properties,
        )  # fmt: skip
