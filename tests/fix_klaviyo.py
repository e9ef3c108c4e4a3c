"""A running look-alike of Klaviyo: one small server for the whole session, and a factory for servers of one's own."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from milepost.sandbox.klaviyo import AccountSpec, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KLAVIYO_NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SPAN = {"start": date(2025, 11, 1), "end": date(2026, 11, 10)}
KLAVIYO_ACCOUNTS = (
    AccountSpec("north", "pk_north", "shopify", "America/New_York", "USD", orders=900, **SPAN, seed=1, late=0.03),
    AccountSpec("samoa", "pk_samoa", "woocommerce", "Pacific/Pago_Pago", "EUR", orders=300, **SPAN, seed=2),
    AccountSpec("line", "pk_line", "magento", "Pacific/Kiritimati", "GBP", orders=300, **SPAN, seed=3),
    AccountSpec("own", "pk_own", "api", "Asia/Kathmandu", "SEK", orders=300, **SPAN, seed=4, scopes=("events:read",)),
)


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
