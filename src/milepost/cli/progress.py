"""Progress as it is shown: bars, lines or nothing. What progress means is told by the engine through `update`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

_PATIENCE = 1.0  # seconds without bars: what is over by then needs none
_LINE_EVERY = 3.0  # seconds between two lines
_QUIET_TICKS = 10  # after so many turns without news the same line is said again: it is still alive


class Updates(Protocol):
    """Takes the state of the parts of some work, from any thread."""

    def update(self, part: str, done: float, total: float | None, note: str = "") -> None:
        """`part` has done so many of `total` steps (None: unknown); `note` is a short figure beside it."""
        ...


class Progress(Updates, Protocol):
    """Shows what it was told while its context is open."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class Silent:
    """Shows nothing."""

    def update(self, part: str, done: float, total: float | None, note: str = "") -> None:
        """Take no notice."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class Bars:
    """A bar for each part, drawn once the work has taken a second."""

    def __init__(self, title: str, console: Console) -> None:
        from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        self._bars = RichProgress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[count]}", justify="right"),
            TextColumn("{task.fields[note]}", style="cyan"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._title = title
        self._tasks: dict[str, TaskID] = {}
        self._lock = threading.Lock()
        self._timer = threading.Timer(_PATIENCE, self._bars.start)
        self._timer.daemon = True

    def update(self, part: str, done: float, total: float | None, note: str = "") -> None:
        """Move the part's bar."""
        with self._lock:
            if part not in self._tasks:
                label = f"{self._title} · {part}" if self._title else part
                self._tasks[part] = self._bars.add_task(label, total=None, note="", count="")
            count = f"{done:,.0f}/{total:,.0f}" if total else f"{done:,.0f}"
            self._bars.update(self._tasks[part], completed=done, total=total, note=note, count=count)

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()
        self._bars.stop()


@dataclass(slots=True)
class _Part:
    done: float
    total: float | None
    note: str

    @property
    def open(self) -> bool:
        """Whether it goes on: what is done is told once."""
        return self.total is None or self.done < self.total

    def __str__(self) -> str:
        share = f"{self.done:,.0f}/{self.total:,.0f}" if self.total else f"{self.done:,.0f}"
        percent = f" ({100 * self.done / self.total:.0f} %)" if self.total else ""
        return f"{share}{percent}{' ' + self.note if self.note else ''}"


class Lines:
    """A line every few seconds, for a log file or a pipe; also one now and then where nothing moves."""

    def __init__(self, title: str, say: Callable[[str], None]) -> None:
        self._title = f"{title}: " if title else ""
        self._say = say
        self._parts: dict[str, _Part] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._ticker = threading.Thread(target=self._tell, name="progress", daemon=True)

    def update(self, part: str, done: float, total: float | None, note: str = "") -> None:
        """Remember how far it is, for the next line."""
        with self._lock:
            self._parts[part] = _Part(done, total, note)

    def _tell(self) -> None:
        last, ticks = "", 0
        while not self._over.wait(_LINE_EVERY):
            with self._lock:
                line = ", ".join(f"{name} {state}" for name, state in self._parts.items())
                self._parts = {name: state for name, state in self._parts.items() if state.open}
            ticks += 1
            if line != last or ticks % _QUIET_TICKS == 0:
                self._say(f"{self._title}{line or 'working'}")
            last = line

    def __enter__(self) -> Self:
        self._ticker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._ticker.join()
