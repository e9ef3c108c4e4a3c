"""`backfill …` against the look-alike, as a person uses it; and `demo`, small."""

from __future__ import annotations

import signal
import subprocess
import time

import pytest

from fix_bad_input import Place
from milepost_process import PROGRAM, clean_environment


def test_a_backfill_from_start_to_clear(place: Place) -> None:
    assert "no backfill was ever started" in place.run("backfill", "status").out
    done = place.run("backfill", "start", "acme", "--start", "-20d", "--json")
    assert done.code == 0, done.err
    truth = place.klaviyo.expected("acme")
    document = done.json
    assert (document["client_id"], document["status"], document["progress"]) == ("acme", "completed", 100.0)
    assert (document["total_days"], document["days_failed"], document["mismatched_days"]) == (21, 0, 0)
    assert document["verified_days"] == 20  # today still moves
    assert 0 < document["total_orders"] <= truth.orders

    assert place.run("backfill", "verify", "acme").out == "acme: 20 days verified, 0 mismatched\n"
    status = place.run("backfill", "status", "--json").json
    assert (status["total"], status["completed"]) == (1, 1)
    assert status["statuses"][0]["revenue"] == document["revenue"]
    assert "100.0 %" in place.run("backfill", "status", "acme").out
    assert "nothing to stop" in place.run("backfill", "cancel", "acme").out
    assert place.run("backfill", "retry", "acme").code == 0
    assert "--yes" in place.run("backfill", "clear", "acme", "--data").err

    assert "would forget" in place.run("backfill", "clear", "acme", "--data", "--dry-run").out
    assert place.run("backfill", "clear", "acme", "--data", "--yes").code == 0
    assert place.run("backfill", "status", "--json").json["total"] == 0
    assert "acme" not in place.run("query", "--tables").out


def test_a_shorter_range_is_told_in_its_own_figures(place: Place) -> None:
    assert place.run("backfill", "start", "acme", "--start", "-9d", "--end", "-2d").code == 0
    document = place.run("backfill", "start", "acme", "--start", "-4d", "--end", "-2d", "--json").json
    assert (document["total_days"], document["days_processed"], document["verified_days"]) == (3, 3, 3)


def test_a_changed_row_is_found_by_verify(place: Place) -> None:
    assert place.run("backfill", "start", "acme", "--start", "-5d").code == 0
    import duckdb

    with duckdb.connect(str(place.home / "store.duckdb")) as store:
        store.execute("DELETE FROM live__acme.orders WHERE date = (SELECT min(date) FROM live__acme.orders)")
    ran = place.run("backfill", "verify", "acme", "--json")
    assert ran.code == 1
    assert ran.error["error"]["code"] == "source.mismatch"
    (day,) = ran.json["mismatches"]
    assert day["orders"] == 0 < day["source_orders"]


def test_a_dry_run_sends_nothing_and_shows_no_key(place: Place) -> None:
    before = place.klaviyo.requests()["requests"]
    ran = place.run("backfill", "start", "acme", "--dry-run")
    assert ran.code == 0, ran.err
    assert "/api/events" in ran.out
    assert "pk_" not in ran.out
    assert place.klaviyo.requests()["requests"] == before


def test_ctrl_c_stops_cleanly_and_resume_goes_on(place: Place) -> None:
    from milepost.sandbox.klaviyo import FaultPlan, FaultRule

    place.klaviyo.set_faults(FaultPlan((FaultRule("slow", 1.0, (), "GET /api/events", 0.3),)))
    try:
        with subprocess.Popen(
            [PROGRAM, "backfill", "start", "acme", "--start", "-39d"],
            cwd=place.folder, env=clean_environment(MILEPOST_WORKERS="1"), stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            for _ in range(200):
                if place.run("backfill", "status", "--json").json["in_progress"]:
                    break
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
    finally:
        place.klaviyo.set_faults(FaultPlan())
    assert process.returncode == 130, said
    assert "milepost backfill resume acme" in said
    assert "Traceback" not in said
    assert place.run("backfill", "status", "--json").json["statuses"][0]["status"] == "cancelled"
    done = place.run("backfill", "resume", "acme", "--json")
    assert done.code == 0, done.err
    assert (done.code, done.json["status"], done.json["days_failed"]) == (0, "completed", 0)


def test_the_demo_small(tmp_path) -> None:
    from milepost_process import milepost

    assert "Nothing was done." in milepost("demo", "--dry-run", cwd=tmp_path).out
    assert list(tmp_path.iterdir()) == []
    ran = milepost("demo", "--orders", "300", cwd=tmp_path, timeout=250)
    assert ran.code == 0, ran.err
    assert "🎉 Demo finished" in ran.err
    assert "365 days" in ran.out
    again = milepost("history", "customer_db.customers", "id=C000001", cwd=tmp_path / "demo")
    assert "on forensic" in again.out


@pytest.mark.parametrize("argument", ["--years=1", "--start=-3d"])
def test_unknown_clients_are_refused_before_anything_is_sent(argument: str, place: Place) -> None:
    before = place.klaviyo.requests()["requests"]
    assert place.run("backfill", "start", "nobody", argument).code == 2
    assert place.klaviyo.requests()["requests"] == before
