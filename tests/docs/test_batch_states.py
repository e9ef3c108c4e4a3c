"""The drawing of a batch's states is the table of legal transitions."""

from __future__ import annotations

import re
from pathlib import Path

from milepost.batch import TRANSITIONS, BatchState

_PAGE = (Path(__file__).parents[2] / "docs" / "batch-states.md").read_text(encoding="utf-8")
_ARROWS = re.findall(r"^ +(\S+) --> ([^\s:]+)", _PAGE, flags=re.MULTILINE)


def test_every_arrow_is_legal_and_every_legal_transition_has_an_arrow() -> None:
    drawn = [(before, after) for before, after in _ARROWS if "[*]" not in (before, after)]
    legal = {(before.value, after.value) for before, found in TRANSITIONS.items() for after in found}
    assert len(drawn) == len(set(drawn))
    assert set(drawn) == legal


def test_beginning_and_ends() -> None:
    assert [after for before, after in _ARROWS if before == "[*]"] == [BatchState.STARTED.value]
    ends = {before for before, after in _ARROWS if after == "[*]"}
    assert ends == {state.value for state, found in TRANSITIONS.items() if not found}


def test_every_state_is_explained() -> None:
    explained = re.findall(r"^\| ([a-z]+) \|", _PAGE, flags=re.MULTILINE)
    assert [state for state in explained if state != "state"] == [state.value for state in BatchState]
