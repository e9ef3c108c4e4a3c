"""How fast the Klaviyo look-alike generates orders and serves pages of 1000: `python benchmarks/lookalike_pages.py [orders]`."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import urllib3

from milepost.sandbox.klaviyo import AccountSpec, Sandbox

INCLUDES = (
    "",
    "&include=attributions,profile&fields[profile]=email,phone_number,external_id,first_name,last_name,location",
)


def pages(sandbox: Sandbox, extra: str, limit: int) -> tuple[int, int, float]:
    """Read up to `limit` pages in one chain without decoding them: pages, bytes, seconds."""
    truth = sandbox.expected("bench")
    http = urllib3.HTTPConnectionPool("127.0.0.1", int(sandbox.url.rpartition(":")[2]), maxsize=1)
    headers = {"Authorization": "Klaviyo-API-Key pk_bench", "revision": "2026-07-15"}
    chosen = quote(f'equals(metric_id,"{truth.metric_id}")')
    url: str | None = f"/api/events?filter={chosen}&sort=datetime&page[size]=1000{extra}"
    count = size = 0
    begin = time.perf_counter()
    while url and count < limit:
        body = http.request("GET", url, headers=headers).data
        count, size = count + 1, size + len(body)
        tail = body[body.index(b'"links":{"self"', -1500 if not extra else 0) :] if not extra else body
        start = tail.find(b'"next":"')
        url = None if start < 0 else tail[start + 8 : tail.index(b'"', start + 8)].decode()
    return count, size, time.perf_counter() - begin


def main() -> None:
    """Generate one account, then page through it with and without includes."""
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        spec = AccountSpec("bench", "pk_bench", orders=orders)
        begin = time.perf_counter()
        with Sandbox([spec], limits="off", cache_dir=Path(folder)) as sandbox:
            took = time.perf_counter() - begin
            print(f"generated {orders} orders in {took:.1f} s: {took / orders * 1e6:.1f} µs each")
            for extra in INCLUDES * 2:
                count, size, seconds = pages(sandbox, extra, 200)
                name = "with includes" if extra else "plain"
                print(
                    f"{name}: {count / seconds:.0f} pages/s, {size / seconds / 1e6:.0f} MB/s, {size / count / 1e3:.0f} kB each"
                )
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        print(f"peak memory of the server: {peak} MB (mapped pages of the cache included)")


if __name__ == "__main__":
    main()
