"""The ecosystem file: what it says, and every fault with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.batch import Pipeline
from milepost.dataset import ReadMode
from milepost.errors import ModelInvalid, UnknownName
from milepost.milestoning import Milestoning
from milepost.model.ecosystem import DatasetDeclaration, KlaviyoOptions, Platform, PostgresOptions
from milepost.model.load import load, parse

FULL = """
platforms:
  live: {milestoning: live}
  audit:
    milestoning: forensic
    store: duckdb
datastores:
  crm:
    source: postgres
    dsn_env: CRM_DSN
    schema: sales
    datasets:
      customers:
      Order Lines:
        columns: [id, total, at]
        where: "total > 0"
        key: [id]
        read_mode: incremental
        cursor: at
        retired: [fax]
      log: {key: id, read_mode: append, cursor: at}
  North_Shop: {source: klaviyo}
  south: {source: klaviyo, client: south-1, revision: 2026-07-15, datasets: {orders: }}
"""
HEAD = "platforms: {live: {milestoning: live}}\ndatastores:\n"


def test_everything_that_can_be_said() -> None:
    eco = parse(FULL)
    assert eco.platforms == (Platform("live", Milestoning.LIVE), Platform("audit", Milestoning.FORENSIC))
    crm, north, south = eco.datastores
    assert (crm.name, crm.source, crm.options) == ("crm", "postgres", PostgresOptions("CRM_DSN", "sales"))
    assert crm.datasets == (
        DatasetDeclaration("customers"),
        DatasetDeclaration(
            "Order Lines", ("id", "total", "at"), "total > 0", ("id",), ReadMode.INCREMENTAL, "at", None, ("fax",)
        ),
        DatasetDeclaration("log", key=("id",), read_mode=ReadMode.APPEND, cursor="at"),
    )
    assert north.options == KlaviyoOptions("north-shop")
    assert south.options == KlaviyoOptions("south-1", "2026-07-15")
    assert south.datasets == (DatasetDeclaration("orders"),)
    assert list(eco.pipelines())[:4] == [
        Pipeline("live", "crm"), Pipeline("live", "North_Shop"), Pipeline("live", "south"), Pipeline("audit", "crm"),
    ]  # fmt: skip


def test_lookups() -> None:
    eco = parse(FULL)
    assert eco.platform("audit").milestoning is Milestoning.FORENSIC
    assert eco.of_client("south-1").name == "south"
    assert eco.datastore("crm").dataset("log").cursor == "at"
    assert eco.datastore("North_Shop").dataset("anything") == DatasetDeclaration("anything")
    assert eco.platform_for(Milestoning.FORENSIC).name == "audit"
    assert eco.platform_for(Milestoning.FORENSIC, "live").name == "live"
    for look, meant in [
        (lambda: eco.platform("aud"), "audit"),
        (lambda: eco.datastore("North_shop"), "North_Shop"),
        (lambda: eco.of_client("south-2"), "south-1"),
        (lambda: eco.datastore("crm").dataset("customer"), "customers"),
    ]:
        with pytest.raises(UnknownName, match=f"did you mean '{meant}'"):
            look()


# (text, place, part of the message)
FAULTS = [
    ("", "1:1", "needs platforms"),
    ("platforms: {live: {milestoning: live}}", "1:1", "needs datastores"),
    ("- a", "1:1", "must be a mapping"),
    ("platforms:\n  live: {milestoning: live", "2:", "not YAML"),
    ("a: b\n---\nc: d", "2:1", "not YAML"),
    ("a: \x07", "1:4", "not YAML"),
    ("platfroms:\n", "1:1", "did you mean 'platforms'?"),
    ("platforms:\n  live:\n", "2:3", "needs milestoning"),
    ("platforms:\n  live: {milestoning: forensik}\n", "2:23", "did you mean 'forensic'?"),
    ("platforms:\n  a b: {milestoning: live}\n", "2:3", "must be of letters"),
    ("platforms:\n  a: {milestoning: live}\n  A: {milestoning: live}\n", "3:3", "differs only in case from 'a'"),
    ("platforms:\n  a: {milestoning: live}\n  a: {milestoning: live}\n", "3:3", "twice (first in line 2)"),
    ("platforms:\n  [x]: 1\n", "2:3", "must be text"),
    ("platforms:\n  a: {milestoning: live, store: oracle}\n", "2:33", "one of: duckdb"),
    (HEAD + "  x: {}\n", "3:3", "needs source"),
    (HEAD + "  x: {source: mysql}\n", "3:15", "one of: postgres, klaviyo"),
    (HEAD + "  x: {source: [postgres]}\n", "3:15", "must be text"),
    (HEAD + "  x: {source: postgres, client: y}\n", "3:25", "has no 'client'"),
    (HEAD + "  x: {source: klaviyo, shema: y}\n", "3:24", "has no 'shema'"),
    (HEAD + "  x: {source: klaviyo, client: North}\n", "3:32", "small letters"),
    (HEAD + "  x: {source: klaviyo, revision: latest}\n", "3:34", "must be a date"),
    (HEAD + "  x-_y: {source: klaviyo}\n", "3:3", "needs client"),
    (HEAD + "  x: {source: klaviyo, datasets: {orders: {key: id}}}\n", "3:44", "has no 'key'"),
    (HEAD + "  x: {source: postgres, datasets: [a]}\n", "3:35", "must be a mapping"),
    (HEAD + "  x: {source: postgres, datasets: {a: {columns: [b, b]}}}\n", "3:53", "twice"),
    (HEAD + "  x: {source: postgres, datasets: {a: {columns: {b: c}}}}\n", "3:49", "list of names"),
    (HEAD + "  x: {source: postgres, datasets: {a: {read_mode: increment}}}\n", "3:51", "did you mean 'incremental'"),
    (HEAD + "  x: {source: postgres, datasets: {a: {read_mode: append}}}\n", "3:51", "needs cursor"),
    (HEAD + "  x: {source: postgres, datasets: {a: {cursor: b}}}\n", "3:48", "for read_mode incremental"),
    (HEAD + "  x: {source: postgres, datasets: {a: {deleted_mark: b}}}\n", "3:54", "for read_mode incremental"),
    (HEAD + "  x: {source: postgres, datasets: {a: {key: b, columns: [c]}}}\n", "3:45", "not among its columns"),
    (HEAD + "  x: {source: postgres, datasets: {a: {retired: b, columns: b}}}\n", "3:49", "read and retired"),
    (HEAD + "  x: {source: postgres, datasets: {a: {retired: b, key: b}}}\n", "3:49", "cannot be retired"),
]


@pytest.mark.parametrize(("text", "place", "message"), FAULTS, ids=[f"{f[2]}-{i}" for i, f in enumerate(FAULTS)])
def test_fault_has_its_place(text: str, place: str, message: str) -> None:
    with pytest.raises(ModelInvalid) as caught:
        parse(text, "shop.yaml")
    found = [fault for fault in caught.value.fields["faults"] if message in fault]
    assert found, caught.value.fields["faults"]
    assert found[0].startswith(f"shop.yaml:{place}")


def test_all_faults_come_at_once_in_order() -> None:
    with pytest.raises(ModelInvalid) as caught:
        parse("datastores:\n  x: {source: mysql}\n  y: {}\nplatforms:\n  live: {milestoning: x}\n")
    assert [fault.split(":")[1] for fault in caught.value.fields["faults"]] == ["2", "3", "5"]
    assert caught.value.what.startswith("3 faults in ecosystem.yaml:\n  ecosystem.yaml:2:")


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "  x: {source: postgres, dsn_env: 'postgresql://u:hunter22@h/d'}\n",
        HEAD + "  x: {source: klaviyo, client: 'pk_HUNTER22 hunter22'}\n",
    ],
)
def test_a_secret_written_into_the_file_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(ModelInvalid, match="never the") as caught:
        parse(text)
    assert "hunter22" not in f"{caught.value} {caught.value.as_dict()}".lower()


def test_words_that_yaml_reads_otherwise_are_names() -> None:
    eco = parse(HEAD + "  no: {source: postgres, schema: 2024, datasets: {on: {key: [y]}, 1.0: }}\n")
    assert eco.datastores[0].name == "no"
    assert eco.datastores[0].options == PostgresOptions("", "2024")
    assert [d.name for d in eco.datastores[0].datasets] == ["on", "1.0"]


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ModelInvalid, match=r"absent\.yaml cannot be read"):
        load(tmp_path / "absent.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9")
    with pytest.raises(ModelInvalid, match="not UTF-8"):
        load(tmp_path / "latin.yaml")


@given(st.text(max_size=60) | st.text("abc{}[]:,- \n&*!|>'\"#?%@`", max_size=60))
def test_any_text_is_an_ecosystem_or_model_invalid(text: str) -> None:
    try:
        parse(text)
    except ModelInvalid as invalid:
        assert invalid.fields["faults"]  # noqa: PT017


def test_an_alias_to_itself_ends() -> None:
    with pytest.raises(ModelInvalid):
        parse("&a\nplatforms: *a\ndatastores: *a\n")
