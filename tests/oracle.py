"""What a history must be, written as naively as can be: a list of versions from the raw rows. Knows nothing of merge/."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field


def exact(value):
    """A comparable form of a value: -0.0 is not 0.0, NaN is NaN, NULL is a value."""
    return repr(value) if isinstance(value, float) else value


@dataclass
class History:
    """One dataset's versions: its row and `_batch_in _valid_from _batch_out _valid_to`, the last two None while true."""

    versions: list = field(default_factory=list)
    columns: list = field(default_factory=list)

    def now(self):
        return [v for v in self.versions if v["_batch_out"] is None]

    def values(self, row):
        return tuple(exact(row.get(name)) for name in self.columns)

    def named(self, rows, key):
        """Rows by what tells them apart: the key, or all values and which of its equals a row is."""
        named, count = defaultdict(list), Counter()
        for row in rows:
            name = tuple(exact(row[k]) for k in key) if key else self.values(row)
            count[name] += 1
            named[name if key else (name, count[name])].append(row)
        return named

    def batch(self, number, as_of, rows, columns, *, key=(), mode="snapshot", mark=None, share=None):
        """Apply a batch and return its figures, or None where its deletes must be held (then nothing changes)."""
        first, self.columns = not self.columns, list(dict.fromkeys([*self.columns, *columns]))
        whole = [row for row in rows if all(row[k] is not None for k in key)]
        offered, stored = self.named(whole, key), self.named(self.now(), key)
        disputed = {name for name, same in offered.items() if len(set(map(self.values, same))) > 1}
        figures = Counter(read=len(rows), quarantined=len(rows) - len(whole) + sum(len(offered[n]) for n in disputed))
        close = [old for name, [old] in stored.items() if mode == "snapshot" and name not in offered]
        add, figures["deleted"] = [], len(close)
        for name in offered.keys() - disputed:
            (row, *equal), [old] = offered[name], stored.get(name, [None])
            figures["duplicates"] += len(equal)
            what = "updated" if mode != "append" else "quarantined"
            if mark and row[mark] not in (None, False):
                what = "marked"
                figures["deleted"] += old is not None
            elif old is None or self.values(old) == self.values(row):
                what = "inserted" if old is None else "unchanged"
            figures[what] += 1
            close += [old] if old and what in ("marked", "updated") else []
            add += [row] if what in ("inserted", "updated") else []
        net = figures["deleted"] - (0 if key else figures["inserted"])
        held = mode == "snapshot" and share is not None and not first and net > 0
        if held and (net > share * len(stored) or net == len(stored)):
            return None
        for version in close:
            version.update(_batch_out=number, _valid_to=as_of)
        new = {"_batch_in": number, "_valid_from": as_of, "_batch_out": None, "_valid_to": None}
        self.versions += [{**row, **new} for row in add]
        return figures
