"""`milepost backfill`: the past of a client's account. What is read, and how often, is the engine's."""

from __future__ import annotations

from milepost.cli.verb import Entry, group

_RUN, _LOOK = "Work", "Look and repair"
ENTRIES = (
    Entry("start", _RUN, "Read the past of a client's account, day by day.", f"{__name__}.start"),
    Entry("resume", _RUN, "Go on with a backfill that was stopped.", f"{__name__}.resume"),
    Entry("retry", _RUN, "Read the failed days again, and only those.", f"{__name__}.retry"),
    Entry("cancel", _RUN, "Ask the process that works on a backfill to stop.", f"{__name__}.cancel"),
    Entry("status", _LOOK, "Show how far backfills are.", f"{__name__}.status"),
    Entry("verify", _LOOK, "Compare every stored day with Klaviyo's own totals.", f"{__name__}.verify"),
    Entry("clear", _LOOK, "Forget a backfill, and with --data its rows.", f"{__name__}.clear"),
)

backfill = group(
    "backfill",
    "Read the past of a client's account, day by day.",
    entries=ENTRIES,
    examples=(
        ("one year of a client", "milepost backfill start acme --years 1"),
        ("how far it is, until it is done", "milepost backfill status --watch"),
        ("go on after Ctrl+C or a crash", "milepost backfill resume acme"),
    ),
)
