"""One request to Klaviyo, within the limits, to the bytes of its answer. What to ask and what bytes mean is elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import orjson
import urllib3

from milepost.clock import Clock
from milepost.errors import SourceChanged, SourceError, SourceThrottled, SourceUnauthorized, SourceUnavailable
from milepost.sources.klaviyo.faults import fault
from milepost.sources.klaviyo.limits import Limiter
from milepost.sources.klaviyo.tiers import Endpoint

_JSON_API = "application/vnd.api+json"


class Secret(Protocol):
    """A value that shows itself only when asked; pydantic's SecretStr is one."""

    def get_secret_value(self) -> str:
        """The value."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask. `path` has its ids filled in; `body` makes it a POST. A followed link is in `url`, verbatim."""

    endpoint: Endpoint
    path: str
    params: Sequence[tuple[str, str]] = ()
    body: Mapping[str, Any] | None = None
    url: str | None = None

    def target(self, base: str) -> str:
        """The address."""
        if self.url is not None:
            return self.url
        query = "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in self.params)
        return f"{base}{self.path}" + (f"?{query}" if query else "")

    def following(self, url: str) -> Request:
        """The same question for the next page."""
        return Request(self.endpoint, self.path, self.params, self.body, url)


@dataclass(slots=True)
class Client:
    """Sends requests of one account. Thread-safe: the pool keeps a connection for each of `threads` callers."""

    account: str
    key: Secret = field(repr=False)
    base_url: str
    revision: str
    limiter: Limiter
    clock: Clock
    threads: int = 32
    timeout: float = 60.0
    _pool: urllib3.PoolManager = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.base_url = self.base_url.rstrip("/")
        self._pool = urllib3.PoolManager(
            num_pools=4,
            maxsize=self.threads,
            block=False,
            retries=False,
            timeout=urllib3.Timeout(connect=min(10.0, self.timeout), read=self.timeout),
        )

    def close(self) -> None:
        """Give back connections."""
        self._pool.clear()

    def send(self, request: Request) -> bytes:
        """The body of a 2xx answer. A 401 is believed only when a second try says the same.

        Raises SourceThrottled, SourceUnavailable, SourceUnauthorized, SourceRejected, SourceChanged; nothing is retried.
        """
        try:
            return self._once(request)
        except SourceUnauthorized as error:
            if error.fields.get("status") != 401:
                raise
            return self._once(request)

    def _once(self, request: Request) -> bytes:
        target = request.target(self.base_url)
        if urlsplit(target)[:2] != urlsplit(self.base_url)[:2]:
            raise SourceChanged(
                f"{request.endpoint} of account {self.account}: a link leads to {urlsplit(target).hostname} "
                f"(expected {urlsplit(self.base_url).hostname}); the key is not sent there"
            )
        sent = self.limiter.acquire(request.endpoint)
        headers: dict[str, str] = {}
        try:
            status, headers, body = self._exchange(request, target)
        finally:
            self.limiter.release(request.endpoint, sent, headers)
        if 200 <= status < 300:
            return body
        raise self._refused(request, status, headers, body)

    def _refused(self, request: Request, status: int, headers: Mapping[str, str], body: bytes) -> SourceError:
        error = fault(request.endpoint, status, headers, body, self.account)
        if isinstance(error, SourceThrottled):
            self.limiter.freeze(request.endpoint, max(error.retry_after or 0.0, 0.1))
        return error

    def _exchange(self, request: Request, target: str) -> tuple[int, dict[str, str], bytes]:
        headers = {
            "Authorization": f"Klaviyo-API-Key {self.key.get_secret_value()}",
            "revision": self.revision,
            "accept": _JSON_API,
            "accept-encoding": "gzip",
        }
        body = None
        if request.body is not None:
            headers["content-type"], body = _JSON_API, orjson.dumps(request.body)
        try:
            answer = self._pool.request(
                request.endpoint.method, target, headers=headers, body=body, redirect=False, retries=False
            )
            return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.data
        except urllib3.exceptions.HTTPError as error:
            # The library's text may hold the whole address: only its kind is told on.
            raise SourceUnavailable(
                f"{request.endpoint} of account {self.account}: no complete answer ({type(error).__name__})"
            ) from error
