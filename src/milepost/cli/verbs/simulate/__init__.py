"""`milepost simulate`: the look-alikes that a person can start. What they are made of lives in `milepost.sandbox`."""

from __future__ import annotations

from milepost.cli.verb import Entry, group

ENTRIES = (
    Entry("klaviyo", "Look-alikes", "Start a look-alike of Klaviyo's API on this machine.", f"{__name__}.klaviyo"),
    Entry("changes", "Look-alikes", "Change the customers of a customer_db, again and again.", f"{__name__}.changes"),
)

simulate = group(
    "simulate",
    "Start a look-alike: a Klaviyo API, or a changing customer database.",
    entries=ENTRIES,
    examples=(
        ("a Klaviyo account with a year of orders", "milepost simulate klaviyo"),
        ("a customer database in which something happens", "milepost simulate changes --rate 20"),
    ),
)
