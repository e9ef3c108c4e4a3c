"""`milepost doctor`: looks at everything that a run needs, and says what to do. The checks live in `milepost.cli.doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from milepost.cli.call import Call
from milepost.cli.verb import home_option, verb

if TYPE_CHECKING:
    from milepost.cli.doctor import Finding

_INDENT = 19
_LOOKS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red")}


@verb(
    "doctor",
    examples=[
        ("look at everything", "milepost doctor"),
        ("for a script: exit 1 if anything fails", "milepost doctor --json"),
    ],
)
@home_option
def doctor(call: Call) -> None:
    """Check settings, folders, keys and servers, and say what to do.

    Nothing is changed. Each Klaviyo key is tried with one request, each database with one connection. Exits with 1 if
    anything fails.
    """
    from milepost.cli.doctor import State
    from milepost.cli.doctor.checks import every

    found: list[Finding] = []
    for finding in every(call):
        found.append(finding)
        if not call.json:
            _print(call, finding)
    count = {state: sum(f.state is state for f in found) for state in State}
    failed = count[State.FAIL] > 0
    if call.json:
        records = [{"name": f.name, "state": f.state, "said": call.redact(f.said), "todo": f.todo} for f in found]
        call.out.document({"ok": not failed, "findings": records})
    else:
        call.out.line(", ".join(f"{number} {state.value}" for state, number in count.items() if number))
    if failed:
        raise click.exceptions.Exit(1)


def _print(call: Call, finding: Finding) -> None:
    import sys

    from rich.text import Text

    from milepost.cli.wrap import folded

    mark, style = _LOOKS[finding.state.value]
    head, *rest = call.redact(finding.said).splitlines() or [""]
    first = folded(f"{mark} {finding.name:16} {head}", sys.stdout, _INDENT)
    call.out.rich.print(
        Text(first[:1], style=f"bold {style}").append(first[1:], style="not bold default"), soft_wrap=True
    )
    for line in rest:
        call.out.line(folded(" " * _INDENT + line.removeprefix("  "), sys.stdout, _INDENT))
    if finding.todo:
        todo = folded(" " * _INDENT + "→ " + call.redact(finding.todo), sys.stdout, _INDENT + 2)
        call.out.line(todo, style="cyan")
