"""The plan of a batch, pure: which steps, in which order, for every milestoning and read mode."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from milepost.batch import Pipeline
from milepost.dataset import Dataset, ReadMode
from milepost.errors import SchemaRefused
from milepost.merge.plan import BatchFacts, check_names, evolve, plan
from milepost.merge.steps import (
    Advance,
    AssertLastBatch,
    CloseVersions,
    CreateTables,
    EvolveTables,
    FindChanges,
    GuardDeletes,
    InsertVersions,
    RemoveRows,
    Screen,
    WindowRecord,
)
from milepost.milestoning import SYSTEM_COLUMNS, Milestoning
from milepost.schema import BIGINT, INTEGER, SMALLINT, TEXT, ChangeKind, Column

PIPELINE, AS_OF = Pipeline("p", "shop"), datetime(2026, 1, 1, tzinfo=UTC)
COLUMNS = (Column("id", INTEGER), Column("text", TEXT))
LIVE, FORENSIC = Milestoning.LIVE, Milestoning.FORENSIC


def dataset(mode: ReadMode = ReadMode.SNAPSHOT, name: str = "orders") -> Dataset:
    return Dataset(name, COLUMNS, ("id",), mode)


def steps_of(milestoning, *datasets, known=(), number=5, share=0.3, **more):
    facts = BatchFacts(PIPELINE, milestoning, number, AS_OF, {d.name: d for d in known}, share, **more)
    return plan(facts, datasets)


@pytest.mark.parametrize("mode", ReadMode)
@pytest.mark.parametrize("milestoning", Milestoning)
def test_the_first_batch_of_a_dataset_makes_its_tables_and_puts_everything_in(milestoning, mode):
    steps = steps_of(milestoning, dataset(mode))
    assert [type(s) for s in steps] == [AssertLastBatch, CreateTables, Screen, FindChanges, InsertVersions, Advance]
    assert steps[3].first
    assert steps[4].first


@pytest.mark.parametrize(
    ("milestoning", "mode", "between"),
    [
        (LIVE, ReadMode.SNAPSHOT, [GuardDeletes, RemoveRows, InsertVersions]),
        (LIVE, ReadMode.INCREMENTAL, [RemoveRows, InsertVersions]),
        (LIVE, ReadMode.APPEND, [InsertVersions]),
        (FORENSIC, ReadMode.SNAPSHOT, [GuardDeletes, CloseVersions, InsertVersions]),
        (FORENSIC, ReadMode.INCREMENTAL, [CloseVersions, InsertVersions]),
        (FORENSIC, ReadMode.APPEND, [InsertVersions]),
    ],
)
def test_a_later_batch_takes_away_what_changed_before_it_puts_in_what_is_new(milestoning, mode, between):
    steps = steps_of(milestoning, dataset(mode), known=[dataset(mode)])
    assert [type(s) for s in steps] == [AssertLastBatch, Screen, FindChanges, *between, Advance]


def test_the_precondition_is_the_batch_before_and_the_checkpoint_comes_last():
    windows = (WindowRecord("orders", date(2026, 1, 1), 9),)
    steps = steps_of(FORENSIC, dataset(), known=[dataset()], number=7, high_water=(("orders", "9"),), windows=windows)
    assert steps[0] == AssertLastBatch(PIPELINE, 6)
    assert steps[-1] == Advance(PIPELINE, FORENSIC, 7, AS_OF, (("orders", "9"),), windows)


def test_deletes_that_a_person_accepted_are_not_guarded():
    assert GuardDeletes not in {type(s) for s in steps_of(LIVE, dataset(), known=[dataset()], share=None)}


def test_datasets_follow_each_other_in_one_batch():
    one, two = dataset(name="one"), dataset(name="two")
    steps = steps_of(FORENSIC, one, two, known=[two])
    assert [s.dataset.name for s in steps[1:-1]] == ["one"] * 4 + ["two"] * 5


def test_a_batch_without_datasets_only_moves_the_checkpoint():
    assert [type(s) for s in steps_of(LIVE)] == [AssertLastBatch, Advance]


def test_a_followed_change_comes_before_anything_that_uses_the_columns():
    narrow = Dataset("orders", (Column("id", SMALLINT), COLUMNS[1]), ("id",))
    steps = steps_of(FORENSIC, dataset(), known=[narrow])
    assert [type(s) for s in steps[1:4]] == [EvolveTables, Screen, FindChanges]
    assert [c.kind for c in steps[1].changes] == [ChangeKind.WIDENED]


@pytest.mark.parametrize(
    ("offered", "named"),
    [
        (Dataset("orders", COLUMNS[:1], ("id",)), "'text' dropped"),
        (Dataset("orders", (Column("id", SMALLINT), COLUMNS[1]), ("id",)), "'id' narrowed"),
        (Dataset("orders", COLUMNS, ("text",)), "key changed"),
        (Dataset("orders", COLUMNS), "key changed"),
    ],
)
def test_a_change_that_cannot_be_followed_stops_the_plan_and_says_what_to_do(offered, named):
    with pytest.raises(SchemaRefused, match=named) as refused:
        steps_of(LIVE, offered, known=[dataset()])
    assert refused.value.hint
    assert refused.value.fields["dataset"] == "orders"


def test_all_changes_that_cannot_be_followed_are_told_at_once():
    with pytest.raises(SchemaRefused) as refused:
        evolve(dataset(), Dataset("orders", (Column("id", SMALLINT),), ("id",)))
    assert len(refused.value.fields["changes"]) == 2


def test_what_is_followed_is_what_the_source_offers_now():
    wide = Dataset("orders", (*COLUMNS, Column("more", BIGINT)), ("id",))
    merged, changes = evolve(dataset(), wide)
    assert merged is wide
    assert [c.kind for c in changes] == [ChangeKind.ADDED]


@pytest.mark.parametrize("name", [*SYSTEM_COLUMNS, "_BATCH_IN"])
def test_a_system_columns_name_is_taken_in_any_case(name):
    with pytest.raises(SchemaRefused, match=name):
        check_names(Dataset("orders", (Column("id", INTEGER), Column(name, TEXT)), ("id",)))


def test_names_that_only_resemble_a_system_columns_are_free():
    check_names(Dataset("orders", (Column("batch_in", INTEGER), Column("_batch", TEXT)), ("batch_in",)))
