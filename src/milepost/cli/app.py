"""The table of verbs and the one way in: arguments to exit code. What a verb does does not belong here."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from milepost.cli.failure import report
from milepost.cli.verb import Entry, LazyGroup, call_options, current_call
from milepost.errors import Stopped

_VERBS = "milepost.cli.verbs"
START, BRING, LOOK, PLAY = "Start here", "Bring data in", "Look and take out", "Sandbox"
ENTRIES = (
    Entry("demo", START, "Everything once on this machine, in under a minute, without any key.", f"{_VERBS}.demo"),
    Entry("init", START, "Write a starter .env and ecosystem.yaml into this folder.", f"{_VERBS}.init"),
    Entry("doctor", START, "Check settings, folders, keys and servers, and say what to do.", f"{_VERBS}.doctor"),
    Entry("completion", START, "Print the tab completion script of a shell.", f"{_VERBS}.completion"),
    Entry("backfill", BRING, "Read the past of a client's account, day by day.", f"{_VERBS}.backfill"),
    Entry("ingest", BRING, "Read one batch of a datastore into a platform.", f"{_VERBS}.ingest"),
    Entry("status", LOOK, "Show the last batches and their figures.", f"{_VERBS}.status"),
    Entry("query", LOOK, "Run read-only SQL on the store.", f"{_VERBS}.query"),
    Entry("history", LOOK, "Show every version of one row.", f"{_VERBS}.history"),
    Entry("quarantine", LOOK, "List the rows that were refused, and why.", f"{_VERBS}.quarantine"),
    Entry("export", LOOK, "Write a dataset or a query to a CSV, XLSX or Parquet file.", f"{_VERBS}.export"),
    Entry("report", LOOK, "Write the campaign metrics CSV of the reporting schema.", f"{_VERBS}.report"),
    Entry(
        "simulate", PLAY, "Start a look-alike: a Klaviyo API, or a changing customer database.", f"{_VERBS}.simulate"
    ),
    Entry("sample", PLAY, "Write plausible campaign report rows.", f"{_VERBS}.sample"),
)


@click.group(
    "milepost",
    cls=LazyGroup,
    entries=ENTRIES,
    examples=(
        ("see it work, without any key", "milepost demo"),
        ("with your own Klaviyo account", "milepost init && milepost doctor"),
        ("one year of orders, campaigns and flows", "milepost backfill start acme --years 1"),
    ),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@call_options
@click.version_option(package_name="milepost", message="%(prog)s %(version)s")
def root() -> None:
    """Milepost keeps a marketing team's data: it pulls it from where it is born, remembers every
    version of it, and delivers it to where people look.
    """  # noqa: D205 - click shows the paragraph as it is


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code: 0 fine, 1 failed, 2 usage, 130 stopped by a person."""
    call = current_call(arguments)
    try:
        result = root.main(list(arguments), prog_name="milepost", standalone_mode=False, obj=call)
        sys.stdout.flush()
    except (KeyboardInterrupt, click.Abort):
        return report(
            Stopped("stopped by Ctrl+C", hint="everything committed is kept; run the same command again"), call
        )
    except BrokenPipeError:
        _leave_closed_pipe()
        return 0
    except Exception as exc:  # noqa: BLE001 - the process ends here: every error becomes a message and an exit code
        return report(exc, call)
    return result if isinstance(result, int) else 0


def _leave_closed_pipe() -> None:
    """The reader (`head`, a pager) has seen enough; keep the interpreter from complaining as it flushes at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
