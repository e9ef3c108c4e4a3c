"""The JSON:API text around an event's properties: written once per event, read by slices ever after."""

from __future__ import annotations

import re

import numpy as np

from milepost.sandbox.klaviyo.names import EventNames
from milepost.sandbox.shop.mix import Ints
from milepost.sandbox.shop.people import People

_EVENT = (
    b'{"type":"event","id":"%b","attributes":{"timestamp":%d,"event_properties":%b,"datetime":"%b+00:00",'
    b'"uuid":"%b"},"relationships":{"profile":{"data":{"type":"profile","id":"%b"}},"metric":{"data":'
    b'{"type":"metric","id":"%b"}},"attributions":{"data":[%b]}},"links":{"self":'
    b'"https://a.klaviyo.com/api/events/%b/"}}'
)
_REFERENCE = b'{"type":"attribution","id":"%b"}'
_ATTRIBUTIONS = re.compile(rb'"attributions":\{"data":\[[^\]]*\]\}\}')
_GREGORIAN = 12_219_292_800  # seconds from 1582-10-15 to 1970-01-01, the origin of a version 1 UUID


def stamps(ts: Ints) -> list[bytes]:
    """`YYYY-MM-DD HH:MM:SS` per epoch second."""
    text = np.datetime_as_string(ts.astype("datetime64[s]"))
    return [t.replace("T", " ").encode() for t in text.tolist()]


def _uuids(ts: Ints, log: int, rows: Ints) -> list[bytes]:
    ticks = ((ts + _GREGORIAN) * 10_000_000 + rows % 10_000_000).astype(np.uint64)
    low = (ticks & np.uint64(0xFFFFFFFF)).tolist()
    middle = ((ticks >> np.uint64(32)) & np.uint64(0xFFFF)).tolist()
    high = ((ticks >> np.uint64(48)) & np.uint64(0x0FFF)).tolist()
    node = 0x02A1B2000000 + (log << 16)
    clock = ((rows >> 2) & 0x3FFF | 0x8000).tolist()
    return [
        b"%08x-%04x-1%03x-%04x-%012x" % (a, b, c, d, node) for a, b, c, d in zip(low, middle, high, clock, strict=True)
    ]


def wrap(
    names: EventNames,
    people: People,
    log: int,
    metric_id: str,
    *,
    rows: Ints,
    ts: Ints,
    profile: Ints,
    attributed: list[bool],
    properties: list[bytes],
) -> list[bytes]:
    """One event object per row around its properties."""
    references = [
        _REFERENCE % a if has else b"" for a, has in zip(names.attributions(log, rows), attributed, strict=True)
    ]
    metric = metric_id.encode()
    fields = zip(
        names.events(log, rows), ts.tolist(), properties, stamps(ts), _uuids(ts, log, rows), people.ids(profile), references,
        strict=True,
    )  # fmt: skip
    return [_EVENT % (i, t, p, when, u, who, metric, a, i) for i, t, p, when, u, who, a in fields]


def without_attribution(event: bytes) -> bytes:
    """The event as it looked before its attribution was written."""
    return _ATTRIBUTIONS.sub(b'"attributions":{"data":[]}}', event)
