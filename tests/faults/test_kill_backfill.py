"""A backfill killed at any moment goes on where it stopped; in the end nobody can tell."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import date
from pathlib import Path

import duckdb
import pytest

from milepost.sandbox.klaviyo import AccountSpec, Sandbox

MILEPOST = str(Path(sys.executable).with_name("milepost"))
SPAN = ("2026-05-01", "2026-08-31")
SHOP = AccountSpec(
    "shop", "pk_shop_0123456789", "shopify", "Europe/Paris", "EUR", orders=30_000,
    start=date.fromisoformat(SPAN[0]), end=date.fromisoformat(SPAN[1]), seed=11,
)  # fmt: skip
# Which batch a row came with, and when, depends on when the process was killed; nothing else may.
LEFT_OUT = "EXCLUDE (_batch_in, _valid_from)"


def environment(server: Sandbox, home: Path) -> dict[str, str]:
    return {
        **os.environ,
        "MILEPOST_HOME": str(home),
        "KLAVIYO_API_KEY_SHOP": SHOP.key,
        "MILEPOST_KLAVIYO_URL": server.url,
        "MILEPOST_KLAVIYO_LIMITS": "off",
    }


def run(server: Sandbox, home: Path, *words: str, kill_after: float | None = None) -> bool:
    """Run a backfill verb; whether it ended by itself before it was killed."""
    home.mkdir(exist_ok=True)
    command = [MILEPOST, "backfill", *words, "--quiet"]
    with subprocess.Popen(command, env=environment(server, home), cwd=home, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True) as process:  # fmt: skip
        try:
            _, complaint = process.communicate(timeout=kill_after)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            return False
    assert process.returncode == 0, complaint
    return True


def tables(home: Path) -> dict[str, list[tuple]]:
    with duckdb.connect(str(home / "store.duckdb"), read_only=True) as connection:
        names = [n for (n,) in connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'live__shop' ORDER BY 1").fetchall()]  # fmt: skip
        assert {"orders", "order_items", "events", "campaigns"} <= set(names)
        return {
            name: connection.execute(f'SELECT * {LEFT_OUT} FROM live__shop."{name}" ORDER BY ALL').fetchall()
            for name in names
        }


def days(home: Path) -> list[tuple]:
    with duckdb.connect(str(home / "store.duckdb"), read_only=True) as connection:
        return connection.execute("SELECT stream, day FROM _milepost.window_done ORDER BY ALL").fetchall()


@pytest.mark.parametrize("kills", [8, pytest.param(50, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
def test_a_backfill_killed_again_and_again_ends_as_an_undisturbed_one(
    kills: int, tmp_path: Path, klaviyo_cache: Path
) -> None:
    words = ["start", "shop", "--start", SPAN[0], "--end", SPAN[1]]
    with Sandbox([SHOP], limits="off", cache_dir=klaviyo_cache) as server:
        assert run(server, tmp_path / "calm", *words)
        began = time.monotonic()
        rng, done, homes = random.Random(kills), 0, 0
        while done < kills:
            homes += 1
            home = tmp_path / f"killed{homes}"
            finished = run(server, home, *words, kill_after=rng.uniform(0.3, 5))
            while not finished and done < kills:
                done += 1
                finished = run(server, home, *next_words(home, words), kill_after=rng.uniform(0.3, 5))
            if not finished:
                assert run(server, home, *next_words(home, words))
            assert tables(home) == tables(tmp_path / "calm")
            assert days(home) == days(tmp_path / "calm")
        print(f"\n{done} kills over {homes} backfills in {time.monotonic() - began:.0f} s")
    assert done == kills


def next_words(home: Path, words: list[str]) -> list[str]:
    """What a person types next: `resume`, unless the killed process had not even recorded its backfill."""
    if not (home / "state.sqlite").exists():
        return words
    with closing(sqlite3.connect(home / "state.sqlite")) as state:
        known = state.execute("SELECT count(*) FROM sqlite_master WHERE name = 'backfill'").fetchone()[0]
        started = known and state.execute("SELECT count(*) FROM backfill").fetchone()[0]
    return ["resume", "shop"] if started else words
