"""One data directory on disk: made once, and freed of what a killed run left behind; ports do not belong here."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from milepost.sandbox.postgres.programs import Account, SandboxUnavailable

if TYPE_CHECKING:
    import psutil

SUPERUSER = "postgres"
_STOP_SECONDS = 10.0
_PROC_CWD = Path("/proc/self/cwd")


@dataclass(frozen=True, slots=True)
class Cluster:
    """The folder given by the caller, with PostgreSQL's own folder, the password, the log and the lock in it."""

    folder: Path
    runner: Account

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.folder / "cluster"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.folder / "server.log"

    def password(self) -> str:
        """The superuser's password, made at random with the data directory."""
        return (self.folder / "password").read_text(encoding="utf-8")

    def lock(self) -> int:
        """Take the folder for this process; returns the descriptor to close when done.

        Raises: SandboxUnavailable if another process holds it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            os.close(lock)
            raise SandboxUnavailable(
                f"sandbox PostgreSQL: {self.folder} is in use by another process",
                hint="stop that process, or give another folder",
            ) from exc
        return lock

    def initialise(self, programs: Path) -> None:
        """Make the data directory unless it is there; a run killed half-way leaves none, so the next starts afresh.

        Raises: SandboxUnavailable with initdb's own message.
        """
        if self.data.exists():
            return
        partial = self.folder / "cluster.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700)
        self.runner.adopt(partial)
        password = secrets.token_hex(16)
        self._initdb(programs, partial, password)
        kept = os.open(self.folder / "password", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(kept, "w", encoding="utf-8") as file:
            file.write(password)
        partial.rename(self.data)

    def _initdb(self, programs: Path, data: Path, password: str) -> None:
        options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"]
        with tempfile.TemporaryFile() as file:
            file.write(f"{password}\n".encode())
            file.flush()
            self.runner.adopt(file.fileno())
            command = [str(programs / "initdb"), "-D", str(as_seen_from(data)), "-U", SUPERUSER, *options]
            done = subprocess.run(  # noqa: S603 - our own program, no shell
                [*command, f"--pwfile=/dev/fd/{file.fileno()}"],
                cwd=data,
                user=self.runner.uid,
                group=self.runner.gid,
                extra_groups=self.runner.extra_groups,
                pass_fds=[file.fileno()],
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode != 0:
            raise SandboxUnavailable(f"sandbox PostgreSQL: initdb in {self.folder} failed: {done.stderr.strip()}")

    def clear_leftovers(self) -> None:
        """Stop the processes a killed run left on this data directory and remove their pid file."""
        import psutil

        pid_file = self.data / "postmaster.pid"
        if not pid_file.exists():
            return
        left, server = self._processes(), pid_file.read_text(encoding="utf-8").split("\n", 1)[0]
        for process in left:
            if str(process.pid) == server:  # the others are its children, which stop when it stops or is gone
                _signal(process, signal.SIGINT)  # PostgreSQL's fast shutdown
        _, alive = psutil.wait_procs(left, timeout=_STOP_SECONDS)
        for process in alive:
            _signal(process, signal.SIGKILL)
        psutil.wait_procs(alive, timeout=_STOP_SECONDS)
        pid_file.unlink(missing_ok=True)

    def _processes(self) -> list[psutil.Process]:
        """Processes named postgres that work in this data directory (PostgreSQL's children never leave it)."""
        import psutil

        found = psutil.process_iter(["name", "cwd"])
        return [p for p in found if p.info["name"] == "postgres" and p.info["cwd"] == str(self.data.resolve())]


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    import psutil

    with contextlib.suppress(psutil.NoSuchProcess):  # it ended by itself meanwhile: what we want
        process.send_signal(number)


def as_seen_from(data: Path) -> Path:
    """The name of the data directory for a process started in it.

    Through /proc the process needs no right to the folders above: root's home and pytest's temporary folders are
    closed to the account that a server started by root runs as.
    """
    return _PROC_CWD if _PROC_CWD.exists() else data.resolve()
