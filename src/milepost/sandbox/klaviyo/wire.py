"""Bytes on the line: whole answers, and all the ways in which an answer can fail to be one."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from milepost.sandbox.klaviyo.errors import server_error, throttled
from milepost.sandbox.klaviyo.faults import HTML_403, HTML_502, FaultRule

_JSON = "application/vnd.api+json"
TRANSPORT = "milepost.transport"


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer; `kind` is its content type."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    kind: str = _JSON


class Protocol(HttpToolsProtocol):
    """Uvicorn's protocol, which also shows the transport to the application: a reset cannot be asked for otherwise."""

    def on_message_begin(self) -> None:
        """Called for each request on a connection."""
        super().on_message_begin()
        cast("dict[str, Any]", self.scope)[TRANSPORT] = self.transport


Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


async def send(send_message: Send, answer: Answer, fault: FaultRule | None = None) -> None:
    """Send an answer, cut short or spoiled if the fault says so."""
    body, length = answer.body, len(answer.body)
    if fault is not None and fault.kind == "truncated":
        body = body[: length // 2]
    elif fault is not None and fault.kind == "broken_json":
        body = body[: length * 2 // 3]
        length = len(body)
    headers = {"content-type": answer.kind, "content-length": str(length), **answer.headers}
    raw = [(k.lower().encode(), v.encode()) for k, v in headers.items()]
    await send_message({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send_message({"type": "http.response.body", "body": body, "more_body": len(body) < length})


async def send_half(
    scope: dict[str, Any], receive: Receive, send_message: Send, answer: Answer, fault: FaultRule
) -> None:
    """Send the start of an answer and hang up."""
    await send(send_message, answer, fault)
    scope[TRANSPORT].close()
    await receive()


async def fail(scope: dict[str, Any], receive: Receive, send_message: Send, fault: FaultRule) -> None:
    """Answer a request that is to go wrong without having been looked at."""
    match fault.kind:
        case "throttle":
            refusal = throttled(int(fault.seconds))
            await send(send_message, Answer(429, refusal.encoded(), refusal.headers))
        case "error_500" | "error_503":
            status = int(fault.kind[-3:])
            await send(send_message, Answer(status, server_error(status).encoded(), {}))
        case "error_502":
            await send(send_message, Answer(502, HTML_502, {}, "text/html"))
        case "cloudflare_403":
            headers = {"server": "cloudflare", "cf-mitigated": "challenge"}
            await send(send_message, Answer(403, HTML_403, headers, "text/html; charset=UTF-8"))
        case "timeout":
            await _silence(receive, fault.seconds)
            _cut(scope, hard=False)
            await receive()
        case _:
            _cut(scope, hard=True)
            await receive()


async def _silence(receive: Receive, seconds: float) -> None:
    try:
        await asyncio.wait_for(receive(), seconds)  # the next message is the client's hanging up
    except TimeoutError:
        return


def _cut(scope: dict[str, Any], *, hard: bool) -> None:
    transport: asyncio.Transport = scope[TRANSPORT]
    if hard:
        raw = transport.get_extra_info("socket")
        if raw is not None:  # closing with linger 0 sends RST instead of FIN
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
