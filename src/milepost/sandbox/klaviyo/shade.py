"""Which rows of a log can be seen at an instant: late ones are held back, the future is hidden, deleted ones are gone."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from milepost.sandbox.shop.mix import Ints

_NONE = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class View:
    """An instant (`now`, epoch second); `released` shows what would still be late at that instant."""

    now: int
    released: bool = False


@dataclass(slots=True)
class Shade:
    """Rows with a special fate, ascending: `late` ones are seen from second `visible`; `ahead` ones before their time."""

    late: Ints = field(default_factory=lambda: _NONE)
    visible: Ints = field(default_factory=lambda: _NONE)
    ahead: Ints = field(default_factory=lambda: _NONE)
    gone: Ints = field(default_factory=lambda: _NONE)

    @classmethod
    def of(cls, ts: Ints, visible: Ints) -> Shade:
        """Compare when rows happened with when they can be seen."""
        late = np.flatnonzero(visible > ts)
        return cls(late, visible[late], np.flatnonzero(visible < ts))

    def delete(self, rows: Ints) -> None:
        """These rows vanish."""
        self.gone = np.union1d(self.gone, rows)

    def hidden(self, view: View, first: int, last: int) -> Ints:
        """Hidden rows within `[first, last)`, all of which have happened by `view.now`."""
        a, b = np.searchsorted(self.late, [first, last])
        held = _NONE if view.released else self.late[a:b][self.visible[a:b] > view.now]
        if not len(self.gone):
            return held
        c, d = np.searchsorted(self.gone, [first, last])
        return np.union1d(held, self.gone[c:d])

    def early(self, first: int, last: int) -> Ints:
        """Rows within `[first, last)` that can be seen before their time comes."""
        a, b = np.searchsorted(self.ahead, [first, last])
        return np.setdiff1d(self.ahead[a:b], self.gone, assume_unique=True)

    def take(self, view: View, first: int, last: int, cut: int, limit: int, *, backwards: bool = False) -> Ints:
        """At most `limit` visible rows of `[first, last)`, in reading order; `cut` is the first row after `view.now`."""
        end = max(first, min(last, cut))
        early = self.early(end, last)
        if not backwards:
            hidden = self.hidden(view, first, end)
            rows = np.arange(first, min(end, first + limit + len(hidden)), dtype=np.int64)
            seen = np.setdiff1d(rows, hidden, assume_unique=True) if len(hidden) else rows
            return np.concatenate([seen, early])[:limit]
        hidden = self.hidden(view, first, end)
        rows = np.arange(max(first, end - limit - len(hidden)), end, dtype=np.int64)
        seen = np.setdiff1d(rows, hidden, assume_unique=True) if len(hidden) else rows
        return np.concatenate([seen, early])[::-1][:limit]

    def everything(self, view: View, first: int, last: int, cut: int) -> Ints:
        """All visible rows of `[first, last)`, ascending."""
        return self.take(view, first, last, cut, max(0, last - first))
