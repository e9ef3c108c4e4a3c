"""Refusals in Klaviyo's JSON:API form; the texts are those that clients script against."""

from __future__ import annotations

import uuid
from typing import Any

import orjson

_LIMIT_GUIDE = "https://developers.klaviyo.com/en/docs/rate_limits_and_error_handling#rate-limits"


class Refusal(Exception):
    """An answer with an error status. `source` is `{"parameter": …}` or `{"pointer": …}`."""

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        detail: str,
        source: dict[str, str] | None = None,
        *,
        headers: dict[str, str] | None = None,
        links: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.headers = headers or {}
        self.body: dict[str, Any] = {
            "id": str(uuid.uuid4()),
            "status": status,
            "code": code,
            "title": title,
            "detail": detail,
            "source": source or {"pointer": "/data/"},
            "links": links or {},
            "meta": {},
        }

    def encoded(self) -> bytes:
        """The body of the answer."""
        return orjson.dumps({"errors": [self.body]})


def invalid(detail: str, *, parameter: str | None = None, pointer: str = "/data/") -> Refusal:
    """400: something the caller wrote."""
    source = {"parameter": parameter} if parameter else {"pointer": pointer}
    return Refusal(400, "invalid", "Invalid input.", detail, source)


def unauthenticated(detail: str, code: str = "authentication_failed") -> Refusal:
    """401: no key, or not a key of ours."""
    title = "Incorrect authentication credentials." if code == "authentication_failed" else "Missing credentials."
    return Refusal(401, code, title, detail)


def forbidden(scopes: tuple[str, ...]) -> Refusal:
    """403: the key lacks a scope."""
    title = "You do not have permission to perform this action."
    return Refusal(403, "permission_denied", title, f"Your API key is missing required scopes: {', '.join(scopes)}")


def not_found(detail: str = "The resource you requested could not be found.") -> Refusal:
    """404: no such path or resource."""
    return Refusal(404, "not_found", "Not found.", detail)


def method_not_allowed(method: str, allowed: str) -> Refusal:
    """405: the path exists, the method does not."""
    detail = f'Method "{method}" not allowed.'
    return Refusal(405, "method_not_allowed", "Method not allowed.", detail, headers={"Allow": allowed})


def gone(detail: str) -> Refusal:
    """410: a retired revision or version."""
    return Refusal(410, "gone", "The requested API revision is no longer available.", detail)


def unsupported_media(kind: str) -> Refusal:
    """415: the body is not JSON:API."""
    detail = f'Unsupported media type "{kind}" in request.'
    return Refusal(415, "unsupported_media_type", "Unsupported media type.", detail, {"pointer": "/data"})


def throttled(seconds: int) -> Refusal:
    """429: a window is full for so many seconds."""
    detail = f"Request was throttled. Expected available in {seconds} second{'' if seconds == 1 else 's'}."
    return Refusal(
        429,
        "throttled",
        "Request was throttled.",
        detail,
        headers={"Retry-After": str(seconds)},
        links={"type": _LIMIT_GUIDE},
    )


def server_error(status: int = 500) -> Refusal:
    """5xx as JSON."""
    return Refusal(status, "error", "A server error occurred.", "A server error occurred.")
