"""A PostgreSQL server on the loopback interface: start, stop, databases; what is in them does not belong here."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

from milepost.sandbox.postgres.cluster import SUPERUSER, Cluster, as_seen_from
from milepost.sandbox.postgres.programs import SandboxUnavailable, account, programs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType
    from typing import Self

HOST = "127.0.0.1"
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_POLL_SECONDS = 0.02
_PORT_ATTEMPTS = 5
_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",  # a socket's path has at most 107 bytes, temporary folders are often longer
    "wal_level": "logical",
    "max_wal_size": "4GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# Commits stay synchronous: otherwise kill -9 of the server loses them, and logical decoding lags behind them.
_NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}


class PostgresServer:
    """PostgreSQL 18 from the wheel, in `data_dir` (made at the first start), for one process at a time.

    `durable=False` turns fsync off: faster, and a crash of the machine (not of the server) may lose the data.
    `settings` are added to the server's command line. The port and the password stay the same over restarts as long
    as nothing else takes the port, so a dsn stays valid. A server that a killed run left behind is stopped at the
    start; so is one whose process was killed. Use it as a context manager, or `start()` and `stop()`.
    Raises: NotInstalled without the wheel, SandboxUnavailable where the server does not start.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True, settings: Mapping[str, str] | None = None) -> None:
        self._cluster = Cluster(data_dir.resolve(), account())
        self._settings = {**_SETTINGS, **({} if durable else _NOT_DURABLE), **(settings or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None
        self._port = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        return self._running().pid

    def dsn(self, database: str = "postgres") -> str:
        """The libpq URI of a database; it carries the password, so it is not for logs."""
        self._running()
        return f"postgresql://{SUPERUSER}:{self._cluster.password()}@{HOST}:{self._port}/{quote(database, safe='')}"

    def create_database(self, name: str) -> str:
        """Make an empty database and return its dsn."""
        self._administer("CREATE DATABASE {}", name)
        return self.dsn(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, with the connections to it."""
        self._administer("DROP DATABASE {} WITH (FORCE)", name)

    def start(self) -> None:
        """Start, or start again after the server's process was killed; nothing happens where it runs."""
        if self._process is not None and self._process.poll() is None:
            return
        if self._lock is None:
            self._lock = self._cluster.lock()
        try:
            bin_dir = programs(self._cluster.runner)
            self._cluster.initialise(bin_dir)
            self._cluster.clear_leftovers()
            self._launch(bin_dir)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop at once, ending the connections, with everything committed on disk."""
        if self._process is not None:
            _end(self._process)
            self._process = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def kill(self) -> None:
        """Crash the server (kill -9), for tests of recovery; `start()` brings it back under the same dsn."""
        process = self._running()
        process.kill()
        process.wait()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise SandboxUnavailable(f"sandbox PostgreSQL: {self._cluster.folder} is not started", hint="call start()")
        return self._process

    def _launch(self, bin_dir: Path) -> None:
        for attempt in range(_PORT_ATTEMPTS):
            self._port = _free_port(self._cluster.folder / "port", keep=attempt == 0)
            self._process = self._spawn(bin_dir)
            if self._ready():
                return
        tail = self._cluster.log.read_text(encoding="utf-8", errors="replace")[-1000:]
        raise SandboxUnavailable(
            f"sandbox PostgreSQL: the server in {self._cluster.folder} does not start; its log ends with:\n{tail}",
            hint=f"read {self._cluster.log}; a new folder starts from nothing",
        )

    def _spawn(self, bin_dir: Path) -> subprocess.Popen[bytes]:
        settings = {**self._settings, "port": str(self._port)}
        options = [f"--{name}={value}" for name, value in settings.items()]
        data, runner = self._cluster.data, self._cluster.runner
        with self._cluster.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own program, no shell
                [str(bin_dir / "postgres"), "-D", str(as_seen_from(data)), *options],
                cwd=data,
                user=runner.uid,
                group=runner.gid,
                extra_groups=runner.extra_groups,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl+C at the terminal is for us; we stop the server when we are done
            )

    def _ready(self) -> bool:
        """Wait for the server to accept connections; False if it gave up, as it does on a port taken meanwhile."""
        deadline = time.monotonic() + _START_SECONDS
        process, status = self._running(), self._cluster.data / "postmaster.pid"
        while time.monotonic() < deadline and process.poll() is None:
            if status.exists() and status.read_text(encoding="utf-8").rstrip().endswith("\nready"):
                return True
            time.sleep(_POLL_SECONDS)
        _end(process)
        return False

    def _administer(self, statement: str, name: str) -> None:
        import psycopg
        from psycopg import sql

        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(name)))


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port(memory: Path, *, keep: bool) -> int:
    """A free port on the loopback interface: the one of last time if it is still free, so that a dsn stays valid."""
    last = int(memory.read_text(encoding="utf-8")) if keep and memory.exists() else 0
    for wanted in (last, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, wanted))
            except OSError:
                continue
            port = int(probe.getsockname()[1])
        memory.write_text(str(port), encoding="utf-8")
        return port
    raise SandboxUnavailable(f"sandbox PostgreSQL: no free port on {HOST}", hint="close some servers")
