"""Starting and stopping the look-alike: in a process of its own for tests and the demo, in the foreground for the CLI."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

import platformdirs
import urllib3

from milepost.sandbox.klaviyo.faults import FaultPlan
from milepost.sandbox.klaviyo.truth import Expected
from milepost.sandbox.shop.spec import AccountSpec

Limits = Literal["published", "off"]
HOST = "127.0.0.1"
_STOP_SECONDS = 5.0


def default_cache() -> Path:
    """Where generated shops are kept."""
    return Path(platformdirs.user_cache_dir("milepost")) / "sandbox"


@dataclass(slots=True)
class Sandbox:
    """A look-alike of Klaviyo in its own process; a context manager. `now=None` is the real time; port 0 picks one.

    Raises RuntimeError when the process does not come up.
    """

    accounts: Sequence[AccountSpec]
    limits: Limits = "published"
    faults: FaultPlan = field(default_factory=FaultPlan)
    now: datetime | None = None
    cache_dir: Path | None = None
    port: int = 0
    url: str = field(init=False, default="")
    _process: subprocess.Popen[str] | None = field(init=False, default=None)
    _http: urllib3.HTTPConnectionPool | None = field(init=False, default=None)

    def start(self) -> Self:
        """Generate what is missing and serve."""
        config = _config(self.accounts, self.limits, self.faults, now=self.now, cache=self.cache_dir, port=self.port)
        command = [sys.executable, "-m", "milepost.sandbox.klaviyo"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
        self._process = process
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the look-alike's process has no pipes")
        process.stdin.write(json.dumps(config) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line.startswith("READY "):
            self.stop()
            raise RuntimeError(f"the look-alike did not start: {line.strip() or 'see its error output'}")
        self.url = line.split()[1]
        self._http = urllib3.HTTPConnectionPool(HOST, urlsplit(self.url).port, maxsize=1, retries=False)
        return self

    def stop(self) -> None:
        """End the process."""
        if self._http is not None:
            self._http.close()
        if self._process is None:
            return
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()  # the process ends when its input does
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _ask(self, verb: str, **data: Any) -> dict[str, Any]:
        if self._http is None:
            raise RuntimeError("the look-alike is not running (expected: start() or a with block)")
        answer = self._http.request("POST", f"/__sandbox__/{verb}", body=json.dumps(data))
        found: dict[str, Any] = answer.json()
        if answer.status != 200:
            raise LookupError(f"sandbox {verb}: {found.get('error')}")
        return found

    def requests(self, *, reset: bool = False) -> dict[str, Any]:
        """Counts by endpoint label: `requests`, `throttled` (429), `faults`; `statuses`; and the virtual `now`."""
        return self._ask("reset-stats" if reset else "stats")

    def expected(self, slug: str, *, everything: bool = False) -> Expected:
        """The true placed orders of an account, as visible now or (`everything`) once nothing is late any more."""
        return Expected.from_json(self._ask("expected", slug=slug, everything=everything))

    def set_faults(self, plan: FaultPlan) -> None:
        """Use another plan from the next request on."""
        self._ask("faults", **plan.to_json())

    def advance(self, seconds: float) -> None:
        """Move the virtual clock ahead: late events and new limit windows come."""
        self._ask("advance", seconds=seconds)

    def release(self, slug: str | None = None) -> None:
        """Show late events and attributions now, of one account or all."""
        self._ask("release", slug=slug)

    def revoke(self, slug: str, *, revoked: bool = True) -> None:
        """Make an account's key invalid, or valid again."""
        self._ask("revoke", slug=slug, revoked=revoked)

    def reset_limits(self) -> None:
        """Forget what was counted for rate limits."""
        self._ask("reset-limits")

    def delete(self, slug: str, kind: str, ids: Sequence[str]) -> int:
        """Delete resources (`kind` as in JSON:API: campaign, event …); answers how many were there."""
        return int(self._ask("delete", slug=slug, type=kind, ids=list(ids))["deleted"])


def _config(
    accounts: Sequence[AccountSpec],
    limits: Limits,
    faults: FaultPlan,
    *,
    now: datetime | None,
    cache: Path | None,
    port: int,
) -> dict[str, Any]:
    return {
        "accounts": [a.to_json() for a in accounts], "limits": limits, "faults": faults.to_json(),
        "now": None if now is None else now.isoformat(), "cache": str(cache or default_cache()), "port": port,
    }  # fmt: skip


def run(
    accounts: Sequence[AccountSpec],
    *,
    limits: Limits = "published",
    faults: FaultPlan | None = None,
    now: datetime | None = None,
    cache_dir: Path | None = None,
    port: int = 0,
    announce: Any = print,
) -> None:
    """Serve in the foreground until interrupted; `announce` gets the line `READY <url>`."""
    serve_config(_config(accounts, limits, faults or FaultPlan(), now=now, cache=cache_dir, port=port), announce)


def main() -> None:
    """The process behind `Sandbox`: configuration on the first line of input, end of input means stop."""
    config = json.loads(sys.stdin.readline())
    serve_config(config, lambda line: print(line, flush=True), until_input_ends=True)  # noqa: T201


def serve_config(config: dict[str, Any], announce: Any, *, until_input_ends: bool = False) -> None:
    """Open the accounts, listen, announce, serve."""
    import socket

    import uvicorn

    from milepost.sandbox.klaviyo.opening import open_server
    from milepost.sandbox.klaviyo.wire import Protocol

    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, config["port"]))
        app = open_server(config)
        options = uvicorn.Config(
            app, http=Protocol, ws="none", lifespan="off", log_level="error", access_log=False, server_header=False,
            date_header=False, proxy_headers=False, timeout_keep_alive=75, backlog=1024,
        )  # fmt: skip
        server = uvicorn.Server(options)
        if until_input_ends:
            threading.Thread(target=_watch_input, args=(server,), daemon=True).start()
        listener.listen(1024)
        announce(f"READY http://{HOST}:{listener.getsockname()[1]}")
        with suppress(KeyboardInterrupt):  # uvicorn has closed its connections by then
            server.run(sockets=[listener])


def _watch_input(server: Any) -> None:
    while os.read(sys.stdin.fileno(), 4096):  # not sys.stdin.read: its lock would trouble the exit
        pass
    server.force_exit = True
    server.should_exit = True
