"""A running look-alike of Klaviyo for the session, a factory for servers of one's own, and the plainest client."""

from __future__ import annotations

import json
import shutil
import tempfile
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
import urllib3

from milepost.sandbox.klaviyo import AccountSpec, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REVISION = "2026-07-15"
JSON_API = "application/vnd.api+json"
Answer = tuple[int, Any, dict[str, str]]
KLAVIYO_NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SPAN = {"start": date(2025, 11, 1), "end": date(2026, 11, 10)}
KLAVIYO_ACCOUNTS = (
    AccountSpec("north", "pk_north", "shopify", "America/New_York", "USD", orders=900, **SPAN, seed=1, late=0.03),
    AccountSpec("samoa", "pk_samoa", "woocommerce", "Pacific/Pago_Pago", "EUR", orders=300, **SPAN, seed=2),
    AccountSpec("line", "pk_line", "magento", "Pacific/Kiritimati", "GBP", orders=300, **SPAN, seed=3),
    AccountSpec("own", "pk_own", "api", "Asia/Kathmandu", "SEK", orders=300, **SPAN, seed=4, scopes=("events:read",)),
)


class PlainClient:
    """One request, one answer: (status, document, headers); pages are followed verbatim."""

    def __init__(self, sandbox: Sandbox, key: str = "pk_north", revision: str | None = REVISION) -> None:
        self.base = sandbox.url
        self.headers = {"Authorization": f"Klaviyo-API-Key {key}"} | ({"revision": revision} if revision else {})
        self.http = urllib3.PoolManager(retries=False)

    def get(self, path: str, params: dict[str, Any] | None = None, **headers: str) -> Answer:
        url = path if path.startswith("http") else self.base + path
        url += f"?{urlencode(params)}" if params else ""
        return self._answer(self.http.request("GET", url, headers=self.headers | headers, timeout=10))

    def post(self, path: str, attributes: dict[str, Any], kind: str = JSON_API) -> Answer:
        body = json.dumps({"data": {"type": path.rsplit("/", 1)[-1][:-1], "attributes": attributes}})
        headers = self.headers | {"content-type": kind}
        return self._answer(self.http.request("POST", self.base + path, body=body, headers=headers, timeout=10))

    def pages(self, path: str, params: dict[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        status, document, _ = self.get(path, params)
        while True:
            assert status == 200, document
            yield document
            if document["links"]["next"] is None:
                return
            status, document, _ = self.get(document["links"]["next"])

    def all(self, path: str, params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        return [row for page in self.pages(path, params) for row in page["data"]]

    @staticmethod
    def _answer(answer: urllib3.BaseHTTPResponse) -> Answer:
        kind = answer.headers.get("content-type", "")
        document = answer.json() if kind.startswith(JSON_API) else answer.data
        return answer.status, document, {k.lower(): v for k, v in answer.headers.items()}


def report_body(metric: str, **more: Any) -> dict[str, Any]:
    frame = {"start": "2025-11-15T00:00:00Z", "end": "2026-01-10T23:59:59Z"}
    base = {
        "statistics": ["recipients", "opens_unique", "conversion_value"],
        "timeframe": frame,
        "conversion_metric_id": metric,
    }
    return base | more


def aggregate_body(metric: str, **more: Any) -> dict[str, Any]:
    window = ["greater-or-equal(datetime,2025-11-01T00:00:00)", "less-than(datetime,2026-11-01T00:00:00)"]
    base = {"metric_id": metric, "measurements": ["count", "sum_value", "unique"], "interval": "day", "filter": window}
    return base | {"timezone": "America/New_York"} | more


@pytest.fixture(scope="session")
def klaviyo_cache() -> Iterator[Path]:
    """Where the session's generated shops are kept."""
    folder = Path(tempfile.mkdtemp(prefix="milepost-test-klaviyo-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def klaviyo_sandbox(klaviyo_cache: Path) -> Iterator[Sandbox]:
    """A small server with four accounts, without limits. Read only: who changes its state starts a server of their own."""
    with Sandbox(KLAVIYO_ACCOUNTS, limits="off", now=KLAVIYO_NOW, cache_dir=klaviyo_cache) as sandbox:
        yield sandbox


@pytest.fixture
def start_klaviyo(klaviyo_cache: Path) -> Iterator[Callable[..., Sandbox]]:
    """`start_klaviyo(**options)` starts a `Sandbox` that ends with the test; defaults as in `klaviyo_sandbox`."""
    with ExitStack() as running:

        def start(**options: Any) -> Sandbox:
            defaults = {
                "accounts": KLAVIYO_ACCOUNTS[:1],
                "limits": "off",
                "now": KLAVIYO_NOW,
                "cache_dir": klaviyo_cache,
            }
            return running.enter_context(Sandbox(**(defaults | options)))

        yield start


@pytest.fixture
def klaviyo_client(klaviyo_sandbox: Sandbox) -> PlainClient:
    """A client of the session's first account."""
    return PlainClient(klaviyo_sandbox)
