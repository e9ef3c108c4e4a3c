"""A year of orders of one account from the look-alike: `python benchmarks/backfill.py [orders] [workers] [limits]`.

Prints seconds, CPU seconds and peak memory of the backfill's process, requests a second, 429s, and the floor that the
published limits allow (contracts: 350 requests a second, 3,500 a minute).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from milepost.sandbox.klaviyo import AccountSpec, Sandbox

MILEPOST = Path(sys.executable).with_name("milepost")
CACHE = Path(tempfile.gettempdir()) / "milepost-bench-shops"


def floor_seconds(requests: int, burst: int = 350, steady: int = 3500) -> float:
    """The least time that fixed windows allow: whole minutes of `steady`, then seconds of `burst`."""
    minutes, rest = divmod(requests - 1, steady)
    return 60 * minutes + rest / burst


def main() -> None:
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    workers = sys.argv[2] if len(sys.argv) > 2 else "8"
    limits = sys.argv[3] if len(sys.argv) > 3 else "published"
    today = datetime.now(UTC).date()
    spec = AccountSpec("bench", "pk_bench_0123456789", shop="shopify", timezone="America/New_York", currency="USD",
                       orders=orders, start=today - timedelta(days=365), end=today, seed=7)  # fmt: skip
    with Sandbox([spec], limits=limits, cache_dir=CACHE) as sandbox, tempfile.TemporaryDirectory() as home:
        environment = {
            "MILEPOST_HOME": home, "KLAVIYO_API_KEY_BENCH": spec.key, "MILEPOST_KLAVIYO_URL": sandbox.url,
            "MILEPOST_WORKERS": workers, "MILEPOST_KLAVIYO_LIMITS": limits,
        }  # fmt: skip
        command = [str(MILEPOST), "backfill", "start", "bench", "--platform", "live", "--years", "1"]
        began = time.perf_counter()
        child = subprocess.Popen(command, env={**os.environ, **environment}, cwd=home)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - began
        told = sandbox.requests()
        events = int(told["requests"].get("GET /api/events", 0))
        print(
            f"exit {os.waitstatus_to_exitcode(status)}; {orders:,} orders in {seconds:.1f} s: {orders / seconds:,.0f} a second"
        )
        print(f"CPU {usage.ru_utime + usage.ru_stime:.1f} s; peak {usage.ru_maxrss // 1024} MB")
        print(
            f"{events} pages of events, floor of the limits {floor_seconds(events):.1f} s; throttled: {told['throttled']}"
        )


if __name__ == "__main__":
    main()
