"""Keys are drawn in constant time, repeatably; new keys are new."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from milepost.sandbox.changes.keys import Keys, NewKeys


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abcdef"))))
def test_keys_behave_like_a_set(steps: list[tuple[bool, str]]) -> None:
    keys, model = Keys(), set()
    for add, key in steps:
        if add:
            keys.add(key)
            model.add(key)
        elif key in model:
            keys.remove(key)
            model.remove(key)
        assert len(keys) == len(model)
        assert {k for k in "abcdef" if k in keys} == model
        assert not model or keys.draw(Random(1)) in model


def test_new_keys_go_on_after_the_highest_seen() -> None:
    keys = NewKeys("C")
    for seen in ("C000009", "C12", "A000099", "C1x", "C²", ""):
        keys.saw(seen)
    assert [keys.next(), keys.next()] == ["C000013", "C000014"]
