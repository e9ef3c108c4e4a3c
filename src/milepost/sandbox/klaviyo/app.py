"""The server: one ASGI callable that checks key, revision, path, limits and parameters, in this order, then answers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson

from milepost.sandbox.klaviyo import call as calls
from milepost.sandbox.klaviyo import revisions
from milepost.sandbox.klaviyo.account import Account
from milepost.sandbox.klaviyo.endpoints import Endpoint
from milepost.sandbox.klaviyo.errors import Refusal, forbidden, invalid, unauthenticated, unsupported_media
from milepost.sandbox.klaviyo.faults import FaultPlan
from milepost.sandbox.klaviyo.limits import Limiter
from milepost.sandbox.klaviyo.moment import VirtualClock
from milepost.sandbox.klaviyo.routes import HANDLERS, Routes
from milepost.sandbox.klaviyo.shade import View
from milepost.sandbox.klaviyo.wire import Answer, fail, send, send_half

JSON_API = "application/vnd.api+json"
CONTROL = "/__sandbox__/"
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
_SCHEMES = ("Klaviyo-API-Key ", "Bearer ")


@dataclass(slots=True)
class Stats:
    """What was asked: requests, 429 answers and faults by endpoint label."""

    requests: Counter[str] = field(default_factory=Counter)
    throttled: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Server:
    """State of a running look-alike, and its ASGI entry."""

    accounts: dict[str, Account]
    clock: VirtualClock
    limiter: Limiter | None
    faults: FaultPlan
    control: Callable[[Server, str, str, dict[str, Any]], dict[str, Any]]
    stats: Stats = field(default_factory=Stats)
    routes: dict[str, Routes] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send_message: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            return
        path, method = str(scope["path"]).rstrip("/"), str(scope["method"])
        body = await _read(receive)
        if path.startswith(CONTROL):
            await send(send_message, self._controlled(path, method, body))
            return
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        label = self._label(method, path)
        self.stats.requests[label] += 1
        fault = self.faults.choose(label, self.stats.requests[label])
        if fault is not None:
            self.stats.faults[f"{fault.kind} {label}"] += 1
            if fault.kind not in ("slow", "truncated", "broken_json"):
                await fail(scope, receive, send_message, fault)
                return
            if fault.kind == "slow":
                await asyncio.sleep(fault.seconds)
        answer = self._answer(method, path, scope, headers, body)
        self.stats.statuses[str(answer.status)] += 1
        if answer.status == 429:
            self.stats.throttled[label] += 1
        if fault is not None and fault.kind == "truncated":
            await send_half(scope, receive, send_message, answer, fault)
        else:
            await send(send_message, answer, fault)

    def _controlled(self, path: str, method: str, body: bytes) -> Answer:
        try:
            data = orjson.loads(body) if body else {}
            return Answer(200, orjson.dumps(self.control(self, method, path.removeprefix(CONTROL), data)), {})
        except (LookupError, ValueError, TypeError) as error:
            return Answer(400, orjson.dumps({"error": f"{type(error).__name__}: {error}"}), {})

    def _label(self, method: str, path: str) -> str:
        try:
            return self._routes(revisions.PUBLISHED[-1]).find(method, path)[0].label
        except Refusal:
            return f"{method} unknown"

    def _routes(self, revision: str) -> Routes:
        if revision not in self.routes:
            self.routes[revision] = Routes(revision)
        return self.routes[revision]

    def _answer(self, method: str, path: str, scope: Scope, headers: dict[str, str], body: bytes) -> Answer:
        limits: dict[str, str] = {}
        try:
            account = self._account(headers.get("authorization"))
            now = int(self.clock.seconds())
            opt_out = headers.get("x-klaviyo-revision-fall-forward-opt-out") == "1"
            revision = revisions.resolve(headers.get("revision"), now, opt_out=opt_out)
            endpoint, code = self._routes(revision).find(method, path)
            if self.limiter is not None:
                limits = self.limiter.admit(account.spec.slug, endpoint.label, endpoint.tier)
            _permit(account, endpoint)
            pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
            attributes = _attributes(headers, body) if method == "POST" else {}
            view = View(now, account.released)
            query = calls.read(pairs, endpoint)
            base = f"http://{headers.get('host', '127.0.0.1')}"
            call = calls.Call(account, endpoint, query, revision, base, path, code, view, attributes)
            found = HANDLERS[endpoint.handler](call)
            return Answer(200, found if isinstance(found, bytes) else orjson.dumps(found), limits)
        except Refusal as refusal:
            return Answer(refusal.status, refusal.encoded(), limits | refusal.headers)

    def _account(self, authorization: str | None) -> Account:
        if not authorization:
            raise unauthenticated("No API key was provided.", code="not_authenticated")
        key = next((authorization.removeprefix(s) for s in _SCHEMES if authorization.startswith(s)), "")
        account = next((a for a in self.accounts.values() if a.spec.key == key), None)
        if account is None or account.revoked:
            raise unauthenticated("Incorrect authentication credentials.")
        return account


def _permit(account: Account, endpoint: Endpoint) -> None:
    granted = account.spec.scopes
    missing = () if granted is None else tuple(s for s in endpoint.scopes if s not in granted)
    if missing:
        raise forbidden(missing)


def _attributes(headers: dict[str, str], body: bytes) -> dict[str, Any]:
    kind = headers.get("content-type", "").split(";", maxsplit=1)[0].strip()
    if kind != JSON_API:
        raise unsupported_media(kind)
    try:
        attributes = orjson.loads(body)["data"]["attributes"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise invalid("The payload provided in the request is invalid.", pointer="/data") from error
    if not isinstance(attributes, dict):
        raise invalid("The payload provided in the request is invalid.", pointer="/data/attributes")
    return attributes


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)
