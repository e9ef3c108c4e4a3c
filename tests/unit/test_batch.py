"""The states of a batch: the table is the law, and figures add up."""

from __future__ import annotations

from itertools import product

import pytest

from milepost.batch import TRANSITIONS, BatchReport, BatchState, Figures, Pipeline, check_transition
from milepost.errors import IllegalTransition

LEGAL = {
    ("started", "started"), ("started", "staged"), ("started", "failed"),
    ("staged", "started"), ("staged", "committed"), ("staged", "held"), ("staged", "failed"),
    ("held", "started"), ("started", "held"),
    ("failed", "started"), ("failed", "committed"),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after"), list(product(BatchState, BatchState)))
def test_only_these_transitions_are_legal(before, after):
    if (before.value, after.value) in LEGAL:
        check_transition(before, after, "batch 1")
    else:
        with pytest.raises(IllegalTransition, match="batch 1"):
            check_transition(before, after, "batch 1")


def test_only_a_committed_batch_is_final():
    assert {state for state, nexts in TRANSITIONS.items() if not nexts} == {BatchState.COMMITTED}


def test_every_state_is_reached_and_every_other_one_left():
    reached = {after for nexts in TRANSITIONS.values() for after in nexts}
    assert reached == set(BatchState)
    assert TRANSITIONS.keys() == set(BatchState)


def test_figures_of_datasets_add_up():
    one, two = Figures(1, 2, 3, 4, 5, 6, 7, 8), Figures(10, 20, 30, 40, 50, 60, 70, 80)
    report = BatchReport(Pipeline("live", "shop"), 1, BatchState.COMMITTED, {"a": one, "b": two})
    assert report.total == Figures(11, 22, 33, 44, 55, 66, 77, 88)
    assert BatchReport(Pipeline("live", "shop"), 1, BatchState.COMMITTED).total == Figures()


def test_a_pipeline_is_named_by_its_platform_and_datastore():
    assert str(Pipeline("live", "shop")) == "live/shop"
