"""`ingest`, `query`, `history`, `status`, `quarantine`, `doctor` over a real database, as a person uses them."""

from __future__ import annotations

import csv
import io

from fix_bad_input import Place


def _ingest(place: Place, platform: str, *more: str):
    ran = place.run("ingest", "customer_db", "--platform", platform, "--json", *more)
    assert ran.code == 0, ran.err
    return ran.json


def test_a_batch_is_told_in_figures(place: Place) -> None:
    place.sql("UPDATE customers SET phone = '1' WHERE id = 'C000001'")
    report = _ingest(place, "live")
    assert (report["batch"], report["state"]) == (2, "committed")
    assert report["datasets"]["customers"] | {"bytes": 0} == {
        "read": 5, "inserted": 0, "updated": 1, "deleted": 0, "unchanged": 4, "duplicates": 0, "quarantined": 0, "bytes": 0,
    }  # fmt: skip
    assert set(report["seconds"]) >= {"read", "merge"}


def test_a_dry_run_reads_nothing(place: Place) -> None:
    ran = place.run("ingest", "customer_db", "--platform", "forensic", "--dry-run")
    assert "would read batch 1 of forensic/customer_db; nothing was read" in ran.out
    assert place.run("status", "--platform", "forensic", "--json").json == {"batches": []}


def test_one_dataset_leaves_the_others_alone(place: Place) -> None:
    place.sql("UPDATE customers SET phone = '1'; UPDATE addresses SET city = 'x'")
    assert set(_ingest(place, "live", "--dataset", "customers")["datasets"]) == {"customers"}
    ran = place.run("query", "SELECT count(*) FROM live__customer_db.addresses WHERE city = 'x'", "--json")
    assert list(ran.json["rows"][0].values()) == [0]


def test_deletes_are_applied_once_a_person_accepts_them(place: Place) -> None:
    place.sql("TRUNCATE customers, addresses")
    assert place.run("ingest", "customer_db", "--platform", "live").code == 1
    held = place.run("status", "--json").json["batches"][0]
    assert held["state"] == "held"
    assert _ingest(place, "live", "--accept-deletes")["total"]["deleted"] == 13


def test_the_history_of_a_row_shows_what_changed_and_when_it_was_away(place: Place) -> None:
    _ingest(place, "forensic")
    place.sql("UPDATE customers SET email = NULL WHERE id = 'C000001'")
    _ingest(place, "forensic")
    ran = place.run("history", "customer_db.customers", "id=C000001")
    assert "on forensic: 2 versions" in ran.out
    assert "email" in ran.out.split(" 2 ", 1)[1]
    assert "→ NULL" in ran.out
    versions = place.run("history", "customer_db.customers", "id=C000001", "--json").json["versions"]
    assert [version["_batch_out"] for version in versions] == [2, 2**63 - 1]
    assert place.run("history", "customer_db.customers", "id=nobody").code == 1


def test_tables_that_differ_by_case_are_exported_each_as_itself(place: Place) -> None:
    place.sql("""CREATE TABLE "Notes" (id int PRIMARY KEY); CREATE TABLE notes (id int PRIMARY KEY);
        INSERT INTO "Notes" VALUES (1); INSERT INTO notes VALUES (2)""")
    _ingest(place, "live")
    for name, number in (("Notes", "1"), ("notes", "2")):
        assert place.run("export", "csv", f"customer_db.{name}", "-o", f"{name}.csv").code == 0
        rows = list(csv.DictReader((place.folder / f"{name}.csv").read_text().splitlines()))
        assert [row["id"] for row in rows] == [number]


def test_query_speaks_table_csv_and_json_and_reads_sql_from_anywhere(place: Place) -> None:
    sql = "SELECT id, NULL AS n, '' AS e, 1.50::DECIMAL(9,2) AS d, true AS b, [1, 2] AS l FROM live__customer_db.customers ORDER BY 1"
    assert place.run("query", sql, "--limit", "2").err.strip() == "(the first 2 rows; --limit 0 shows all)"
    rows = list(csv.reader(io.StringIO(place.run("query", sql, "--format", "csv").out)))
    assert rows[0] == ["id", "n", "e", "d", "b", "l"]
    assert rows[1] == ["C000001", "", "", "1.50", "true", "[1,2]"]
    assert ',,"",1.50' in place.run("query", sql, "--format", "csv").out  # NULL and '' stay two things
    (place.folder / "a.sql").write_text(sql)
    by_file, by_pipe = place.run("query", "-f", "a.sql", "--json"), place.run("query", "--json", stdin=sql)
    assert by_file.json == by_pipe.json
    assert by_file.json["rows"][0] == {"id": "C000001", "n": None, "e": "", "d": "1.50", "b": True, "l": [1, 2]}
    assert "live__customer_db.customers" in place.run("query", "--tables").out


def test_status_and_quarantine(place: Place) -> None:
    _ingest(place, "live")
    assert "committed" in place.run("status").out
    (second, first) = place.run("status", "customer_db", "--json").json["batches"]
    assert (second["number"], first["number"], second["total"]["read"]) == (2, 1, 13)
    assert "nothing is in quarantine" in place.run("quarantine").out
    assert place.run("quarantine", "customer_db.customers", "--summary", "--json").json == {"rows": [], "more": False}


def test_the_doctor_looks_at_everything(place: Place) -> None:
    place.declare((place.folder / "ecosystem.yaml").read_text().replace("  keyless: {source: klaviyo}\n", ""))
    ran = place.run("doctor", "--json")
    states = {finding["name"]: finding["state"] for finding in ran.json["findings"]}
    assert ran.code == 0, ran.out
    assert states | {"disk space": "", "sandbox": ""} == {
        "versions": "ok", "settings": "ok", "home folder": "ok", "disk space": "", "ecosystem": "ok", "sandbox": "",
        "control store": "ok", "store": "ok", "acme": "ok", "narrow": "warn", "customer_db": "ok",
    }  # fmt: skip
    assert "pk_" not in ran.out
