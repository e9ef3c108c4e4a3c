"""Without a file there is an ecosystem too, and the file that is written says the same."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from milepost.milestoning import Milestoning
from milepost.model.ecosystem import KlaviyoOptions, PostgresOptions
from milepost.model.load import parse
from milepost.model.starter import default_ecosystem, starter_text
from milepost.settings import DEFAULT_CLIENT


def test_default_has_both_platforms_and_a_datastore_for_each_client_and_the_database() -> None:
    eco = default_ecosystem(["south", "default", "north"], "shop")
    assert {p.name: p.milestoning for p in eco.platforms} == {
        "live": Milestoning.LIVE,
        "forensic": Milestoning.FORENSIC,
    }
    assert {d.name: d.options for d in eco.datastores} == {
        "klaviyo": KlaviyoOptions("default"),
        "north": KlaviyoOptions("north"),
        "south": KlaviyoOptions("south"),
        "shop": PostgresOptions(),
    }


def test_the_single_client_is_the_settings_one() -> None:
    assert default_ecosystem([DEFAULT_CLIENT]).of_client(DEFAULT_CLIENT).name == "klaviyo"


@pytest.mark.parametrize(
    ("database", "name"),
    [("North", "North-postgres"), ("Sales Q1/ü", "Sales_Q1_"), ("__x", "x"), ("ü", "database"), ("x" * 63, "x" * 50)],
)
def test_database_name_becomes_a_datastore_name(database: str, name: str) -> None:
    assert default_ecosystem(["north"], database).datastores[-1].name == name


slugs = st.from_regex(r"\A[a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,2}\Z")


@given(st.sets(slugs, max_size=4), st.none() | st.text(min_size=1, max_size=70))
def test_starter_says_what_the_default_is(clients: set[str], database: str | None) -> None:
    eco = default_ecosystem(clients, database)
    if eco.datastores:
        assert parse(starter_text(eco)) == eco


@given(slugs)
def test_starter_is_read_alike_by_any_yaml_reader(client: str) -> None:
    data = yaml.safe_load(starter_text(default_ecosystem([client])))
    assert {d["client"] for d in data["datastores"].values()} == {client}


def test_examples_in_the_starter_are_right() -> None:
    text = starter_text(default_ecosystem())
    taken = (
        text.replace("  # ", "  ")
        .replace("  #\n", "")
        .replace("  A PostgreSQL", "  # A Postgre")
        .replace("  A Klaviyo", "  # ")
    )
    assert [d.name for d in parse(taken).datastores] == ["customer_db", "north-shop"]
