"""The story of a row: inserted, changed, away, back again."""

from __future__ import annotations

from milepost.cli.versions import Change, story
from milepost.milestoning import OPEN_BATCH


def _row(since: int, until: int | None, **cells: object) -> dict[str, object]:
    end = OPEN_BATCH if until is None else until
    return {
        **cells,
        "_batch_in": since,
        "_valid_from": f"t{since}",
        "_batch_out": end,
        "_valid_to": until and f"t{until}",
    }


def test_the_first_version_tells_all_cells_the_next_only_what_changed() -> None:
    first, second = story([_row(1, 3, id=7, name="a", age=None), _row(3, None, id=7, name="a", age=0)])
    assert first.changes == (
        Change("id", None, 7, True),
        Change("name", None, "a", True),
        Change("age", None, None, True),
    )
    assert second.changes == (Change("age", None, 0),)
    assert (first.is_open, second.is_open, second.away_before) == (False, True, False)
    assert (second.since_batch, second.since, second.until) == (3, "t3", None)


def test_a_row_that_was_away_comes_back_whole() -> None:
    versions = story([_row(1, 2, id=7, name="a"), _row(5, None, id=7, name="a")])
    assert versions[1].away_before
    assert [change.column for change in versions[1].changes] == ["id", "name"]


def test_null_empty_zero_and_minus_zero_are_four_things() -> None:
    values = [None, "", 0, 0.0, -0.0]
    versions = story([_row(n, n + 1, x=value) for n, value in enumerate(values, 1)])
    assert [len(version.changes) for version in versions] == [1] * 5


def test_a_live_row_has_one_open_version() -> None:
    (only,) = story([{"id": 1, "_batch_in": 4, "_valid_from": "t4"}])
    assert only.is_open
    assert only.since_batch == 4
