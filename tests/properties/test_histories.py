"""For any sequence of snapshots, deltas, events, schema changes, crashes and replays a store holds what the oracle says.

One history is one dataset through a sequence of batches, live and forensic. Several datasets share the batches of a
pipeline, as they do in life, so that a crash between two of them is among the crashes.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from crashing import Crash, Fuse, fused
from fix_store import MILESTONING, run, runtime_on
from milepost.batch import BatchState, Pipeline
from milepost.dataset import Dataset, ReadMode
from milepost.engine.runtime import Runtime
from milepost.errors import BatchConflict, DeletesHeld
from milepost.merge.plan import BatchFacts, plan
from milepost.milestoning import OPEN_BATCH
from milepost.schema import BIGINT, BOOLEAN, DOUBLE, INTEGER, SMALLINT, TEXT, Column
from milepost.state.sqlite import SqliteDatabase
from oracle import History, exact
from table_source import TableSource, table

DAY_ONE = datetime(2026, 1, 1, tzinfo=UTC)
COLUMNS = (
    Column("id", INTEGER),
    Column("part", TEXT),
    Column("text", TEXT),
    Column("number", DOUBLE),
    Column("small", SMALLINT),
)
MARK = Column("gone", BOOLEAN)
VARIANTS = {
    "keyed": Dataset("keyed", COLUMNS, ("id",)),
    "composite": Dataset("composite", COLUMNS, ("part", "id")),
    "keyless": Dataset("keyless", COLUMNS),
    "upserted": Dataset("upserted", COLUMNS, ("id",), ReadMode.INCREMENTAL),
    "marked": Dataset("marked", (*COLUMNS, MARK), ("id",), ReadMode.INCREMENTAL, deleted_mark="gone"),
    "events": Dataset("events", COLUMNS, ("id",), ReadMode.APPEND),
}  # fmt: skip

MEMORY = Path("/dev/shm")  # what is lost with the machine's power is not the question here
SYSTEM = ("_batch_in", "_valid_from", "_batch_out", "_valid_to")
FIGURES = ("read", "inserted", "updated", "deleted", "unchanged", "duplicates", "quarantined")

rows = st.fixed_dictionaries(
    {
        "id": st.sampled_from([*range(1, 9), *range(1, 9), None]),
        "part": st.sampled_from(["a", "a", "a", "", None]),
        "text": st.sampled_from(["", None, "x", "y"]),
        "number": st.sampled_from([0.0, math.nan, 1.5, None]),
        "small": st.sampled_from([0, 7, None]),
        "gone": st.sampled_from([False, False, None, True]),
        "added1": st.sampled_from([None, 0, 1]),
        "added2": st.sampled_from([None, 0, 1]),
    }
)
schema_changes = st.sampled_from([None, None, None, None, "add", "widen", "reorder"])


@dataclass
class Offer:
    """What a source has of one dataset at one time."""

    keep: int  # which rows of before stay: bit n for row n
    new: list[dict]
    twice: int  # how many of the first rows come twice
    clash: bool  # whether new rows may stand beside kept ones of the same key; else they take their place
    change: str | None


@dataclass
class Round:
    """One batch of all datasets: what is offered, the guard, and where it crashes (None: nowhere)."""

    offers: dict[str, Offer]
    share: float | None
    crash: tuple[int | str, bool, bool] | None


offers = st.builds(
    Offer,
    keep=st.integers(0, 255),
    new=st.lists(rows, min_size=1, max_size=5),
    twice=st.integers(0, 1),
    clash=st.sampled_from([False, False, False, True]),
    change=schema_changes,
)
crashes = st.none() | st.tuples(st.integers(0, 250) | st.just("COMMIT"), st.booleans(), st.booleans())


def rounds(names: list[str]) -> st.SearchStrategy[list[Round]]:
    one = st.builds(
        Round,
        st.fixed_dictionaries(dict.fromkeys(names, offers)),
        st.sampled_from([None, 0.3]),
        crashes,
    )
    return st.lists(one, min_size=2, max_size=4)


@dataclass
class World:
    """The source as it is, the oracle, and the store under test, for one pipeline."""

    runtime: Runtime
    pipeline: Pipeline
    source: TableSource
    oracle: dict[str, History] = field(default_factory=dict)
    number: int = 0
    last: dict[str, list[dict]] = field(default_factory=dict)  # what the store held when it was last looked at
    seen: Counter = field(default_factory=Counter)

    def offer(self, name: str, offer: Offer) -> None:
        """Change what the source has: rows stay or go, others come, columns are added, widened, put in another order."""
        dataset, before = self.source.tables.get(name, (VARIANTS[name], []))
        columns = list(dataset.columns)
        if offer.change == "add" and self.number and not {"added1", "added2"} <= {c.name for c in columns}:
            columns.insert(1, Column("added2" if "added1" in {c.name for c in columns} else "added1", INTEGER))
        if offer.change == "widen" and self.number:
            wider = {SMALLINT: INTEGER, INTEGER: BIGINT}
            columns = [Column(c.name, wider.get(c.type, c.type)) for c in columns]
        if offer.change == "reorder" and self.number:
            columns.reverse()
        kept = [row for n, row in enumerate(before) if offer.keep >> (n % 8) & 1]
        if not offer.clash:
            replaced = [tuple(row[k] for k in dataset.key) for row in offer.new if dataset.key]
            kept = [row for row in kept if tuple(row[k] for k in dataset.key) not in replaced]
        every = kept + offer.new + offer.new[: offer.twice]
        names = [c.name for c in columns]
        shaped = [{n: row.get(n) for n in names} for row in every]
        changed = Dataset(name, tuple(columns), dataset.key, dataset.read_mode, None, dataset.deleted_mark)
        self.source.put(changed, shaped)

    def expected(self, share: float | None) -> dict[str, Counter] | None:
        """Apply the next batch to the oracle; None where any dataset is held, and then nothing is applied."""
        trial, figures = {}, {}
        for name, (d, offered) in self.source.tables.items():
            history = trial[name] = History(
                [dict(v) for v in self.oracle.get(name, History()).versions],
                list(self.oracle.get(name, History()).columns),
            )
            figures[name] = history.batch(
                self.number + 1, self.source.taken_at, offered, [c.name for c in d.columns],
                key=d.key, mode=d.read_mode.value, mark=d.deleted_mark, share=share,
            )  # fmt: skip
            if figures[name] is None:
                return None
        self.oracle, self.number = trial, self.number + 1
        return figures

    def crash(self, at: int | str, deadly: bool, after: bool, share: float | None) -> None:
        """A batch that fails at one step leaves either nothing or all of itself."""
        fuse = Fuse(at, deadly, after)
        with suppress(Crash, DeletesHeld):
            run(fused(self.runtime, fuse), self.source, self.pipeline, share)
        self.seen["crashes"] += fuse.blown
        committed = self.runtime.store.checkpoint(self.pipeline).last_batch
        if committed == self.number:
            assert self.stored() == self.last
        else:
            assert committed == self.number + 1
            self.seen["crashes after the commit"] += fuse.blown
            assert self.expected(share) is not None
            self.check()

    def batch(self, share: float | None) -> None:
        """A batch does what the oracle says, and its figures are right; deletes are held where it says so."""
        try:
            report = run(self.runtime, self.source, self.pipeline, share)
        except DeletesHeld:
            self.seen["held"] += 1
            assert self.expected(share) is None, "held, though the oracle sees no mass deletion"
            assert self.runtime.batches.latest(self.pipeline).state is BatchState.HELD
            assert self.stored() == self.last
            report = run(self.runtime, self.source, self.pipeline, None)
            share = None
        expected = self.expected(share)
        assert expected is not None, "applied, though the deletes should have been held"
        assert report.number == self.number
        for name, want in expected.items():
            got = report.datasets[name]
            for what in FIGURES:
                assert getattr(got, what) == want[what], (name, what, got, want)
            told = got.inserted + got.updated + got.unchanged + got.duplicates + got.quarantined
            assert got.read == told + want["marked"]
            self.seen.update(what for what in want if want[what])
        self.seen["batches"] += 1
        self.check()

    def again(self) -> None:
        """Running a batch twice changes nothing but the batch number."""
        report = run(self.runtime, self.source, self.pipeline)
        self.expected(None)
        assert (report.total.inserted, report.total.updated, report.total.deleted) == (0, 0, 0)
        assert self.stored() == self.last

    def replay(self) -> None:
        """Committing a batch that is already committed is refused, and changes nothing."""
        with self.runtime.store.batch(self.pipeline) as batch:
            for dataset, offered in self.source.tables.values():
                batch.stage(dataset, table(dataset, offered[:1]))
            facts = BatchFacts(
                self.pipeline, MILESTONING[self.pipeline.platform], self.number, self.source.taken_at,
                batch.checkpoint.datasets,
            )  # fmt: skip
            with pytest.raises(BatchConflict):
                batch.commit(plan(facts, self.source.datasets()))
        assert self.stored() == self.last

    def stored(self) -> dict[str, list[dict]]:
        """Every version of every dataset as the store has it, in a comparable form."""
        if not self.number:
            return {}
        with duckdb.connect() as connection:
            connection.execute(f"ATTACH '{self.runtime.store.path}' AS looked_at (READ_ONLY)")
            connection.execute("SET TimeZone = 'UTC'")
            home = f"looked_at.{self.pipeline.platform}__{self.pipeline.datastore}"
            return {
                name: in_order(connection.execute(f"FROM {home}.{name}").to_arrow_table().to_pylist())
                for name in self.oracle
            }

    def check(self) -> None:
        """The store is what the oracle is; what was closed before is as it was."""
        stored = self.stored()
        for name, history in self.oracle.items():
            live = self.pipeline.platform == "live"
            system = SYSTEM[:2] if live else SYSTEM
            versions = history.now() if live else history.versions
            assert stored[name] == in_order({n: v.get(n) for n in (*history.columns, *system)} for v in versions), name
            assert not closed(self.last.get(name, [])) - closed(stored[name]), "a closed version changed"
        self.last = stored


def in_order(rows: Iterable[dict]) -> list[dict]:
    """Rows in a comparable form and order; an open version has no `_batch_out`, an occurrence number does not matter."""
    plain = [{n: None if v is None else str(exact(v)) for n, v in row.items() if n != "_occurrence"} for row in rows]
    for row in plain:
        if row.get("_batch_out") == str(OPEN_BATCH):
            row["_batch_out"] = None
    return sorted(plain, key=lambda row: json.dumps(row, sort_keys=True))


def closed(versions: list[dict]) -> Counter:
    """The closed versions, without what reads NULL: a column that came later does."""
    return Counter(
        frozenset((n, x) for n, x in v.items() if x is not None) for v in versions if v.get("_batch_out") is not None
    )


def play(folder: Path, database: SqliteDatabase, datastore: str, story: list[Round], seen: Counter) -> None:
    """One story told to a live and to a forensic pipeline of one store; at the end they say the same of the present."""
    runtime = runtime_on(folder, database)
    worlds = [
        World(runtime, Pipeline(p, datastore), TableSource(chunk_rows=3), seen=seen) for p in ("live", "forensic")
    ]
    for n, chapter in enumerate(story):
        for world in worlds:
            world.source.taken_at = DAY_ONE + timedelta(days=n, microseconds=n)
            for name, offer in chapter.offers.items():
                world.offer(name, offer)
            if chapter.crash:
                world.crash(*chapter.crash, chapter.share)
            world.batch(chapter.share)
    live, forensic = worlds
    for world in worlds:
        world.again()
        world.replay()
    for name, versions in forensic.last.items():
        now = [v for v in versions if v["_batch_out"] is None]
        key = VARIANTS[name].key
        assert not key or len({tuple(v[k] for k in key) for v in now}) == len(now), "a key has two open versions"
        hide = {"_batch_in", "_valid_from", *SYSTEM}
        assert in_order(without(v, hide) for v in now) == in_order(without(v, hide) for v in live.last[name])
        seen["histories"] += 1


def without(row: dict, names: set[str]) -> dict:
    return {n: v for n, v in row.items() if n not in names}


numbers = count(1)


EVERYTHING = (*FIGURES, "marked", "held", "crashes", "crashes after the commit")
# A story takes about a second: a failing one is not shrunk (add Phase.shrink to look for a smaller one by night).
TOLD = settings(suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.generate))


class NoPandas:
    """Ends a search that DuckDB begins at every statement with values, and that pytest makes slower than statements."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "pandas":
            raise ModuleNotFoundError(name)


@pytest.fixture(autouse=True)
def _no_search_for_pandas(monkeypatch):
    monkeypatch.setattr(sys, "meta_path", [NoPandas, *sys.meta_path])


def tell(names: list[str], stories: int, needed: Iterable[str], part: int = 0) -> None:
    """Play generated stories about `names`, and prove that what they are meant to contain was among them."""
    seen: Counter = Counter()

    @seed(part)
    @settings(TOLD, max_examples=stories)
    @given(rounds(names))
    def told(story: list[Round]) -> None:
        folder = Path(tempfile.mkdtemp(prefix="milepost-history-", dir=MEMORY if MEMORY.is_dir() else None))
        database = SqliteDatabase(folder / "control.db")
        try:
            play(folder, database, f"h{next(numbers)}", story, seen)
        finally:
            database.close()
            shutil.rmtree(folder)

    told()
    print(f"{len(names)} datasets:", ", ".join(f"{n} {what}" for what, n in seen.most_common()))
    assert seen["histories"] >= stories * len(names)
    assert not [what for what in needed if not seen[what]]


@pytest.mark.parametrize("names", [["keyed", "upserted", "events"], ["composite", "keyless", "marked"]], ids="+".join)
def test_a_history_is_what_the_oracle_says_whatever_happens(names):
    tell(names, 18, ("inserted", "updated", "deleted", "quarantined", "crashes"))


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", [1, 2])
def test_two_thousand_histories_are_what_the_oracle_says(part):
    """1,020 in each part; everything that can happen is in both."""
    tell(list(VARIANTS), 170, EVERYTHING, part)
