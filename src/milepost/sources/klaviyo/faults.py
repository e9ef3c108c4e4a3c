"""Klaviyo's refusals as Milepost's errors: one table, read once; what is done about an error is the engine's."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from milepost.errors import (
    SourceChanged,
    SourceError,
    SourceRejected,
    SourceThrottled,
    SourceUnauthorized,
    SourceUnavailable,
)
from milepost.sources.klaviyo.tiers import Endpoint

_BY_STATUS: Mapping[int, type[SourceError]] = {
    401: SourceUnauthorized,
    403: SourceUnauthorized,
    408: SourceUnavailable,
    425: SourceUnavailable,
    429: SourceThrottled,
}
_HINTS = {
    401: "check the account's private key in Klaviyo under Settings > API keys",
    403: "give the key the scope {scope} in Klaviyo under Settings > API keys",
    410: "the pinned revision is retired: set a newer one",
}


def fault(endpoint: Endpoint, status: int, headers: Mapping[str, str], body: bytes, account: str) -> SourceError:
    """The error for an answer that is not 2xx. A 403 or 429 that is no JSON comes from the network before Klaviyo."""
    said, is_json = _detail(body)
    kind = _BY_STATUS.get(status)
    if status == 403 and not is_json:
        kind, said = SourceUnavailable, "a page that is no JSON: a check by the network in front of Klaviyo"
    if kind is None:
        kind = SourceUnavailable if status >= 500 else SourceRejected if status >= 400 else SourceChanged
    what = f"{endpoint} of account {account}: HTTP {status}: {said}"
    if kind is SourceThrottled:
        return SourceThrottled(what, retry_after=_seconds(headers.get("retry-after")), status=status)
    hint = _HINTS.get(status, "").format(scope=endpoint.scope) if kind is not SourceUnavailable else ""
    return kind(what, hint=hint, status=status)


def _detail(body: bytes) -> tuple[str, bool]:
    """What the first error object says and where it points; and whether the body was JSON."""
    try:
        errors = orjson.loads(body)["errors"]
        first = errors[0]
        source = first.get("source") or {}
        where = source.get("parameter") or source.get("pointer")
        return f"{first.get('detail') or first.get('title')}" + (f" ({where})" if where else ""), True
    except orjson.JSONDecodeError:
        return "an answer that is no JSON", False
    except (KeyError, IndexError, TypeError, AttributeError):
        return "an error of an unknown shape", True


def _seconds(text: str | None) -> float | None:
    try:
        return max(float(text), 0.0) if text is not None else None
    except ValueError:
        return None
