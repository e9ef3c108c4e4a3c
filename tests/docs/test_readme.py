"""The README holds: its commands run, in its order, against the look-alikes; its targets and files exist."""

from __future__ import annotations

import re
import shlex
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from milepost.sandbox.customer_db import create_customer_db
from milepost.sandbox.klaviyo import AccountSpec, Sandbox
from milepost_process import milepost

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^(?:\.venv/bin/)?milepost (.+?)(?:\s{2,}#.*)?$", README, flags=re.MULTILINE)
TARGETS = sorted(set(re.findall(r"(?:^|`)make ([a-z-]+)", README, flags=re.MULTILINE)))


def test_the_make_targets_exist() -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert TARGETS
    assert [name for name in TARGETS if f"make {name} " not in listed and f"make {name}\n" not in listed] == []


def test_the_files_exist() -> None:
    named = re.findall(r"\]\(([^)#:]+)\)|`((?:docs|src|benchmarks)/[^`]*)`|`([A-Z]+\.md)`", README)
    paths = [path for found in named for path in found if path]
    assert len(paths) > 5
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_first_five_minutes_run_as_written(tmp_path: Path, postgres_db: str, klaviyo_cache: Path) -> None:
    today = datetime.now(UTC).date()
    shop = AccountSpec("acme", "pk_acme_0123456789", "shopify", orders=300, start=today - timedelta(days=30), end=today)
    create_customer_db(postgres_db)
    address = re.fullmatch(
        r"postgresql://(?P<user>.+):(?P<password>.+)@(?P<host>.+):(?P<port>\d+)/(?P<db>.+)", postgres_db
    )
    assert address is not None
    ran = []
    with Sandbox([shop], limits="off", cache_dir=klaviyo_cache) as server:
        environment = {
            **{f"PG_{name.upper()}": text for name, text in address.groupdict().items()},
            "KLAVIYO_API_KEY_ACME": shop.key,
            "MILEPOST_KLAVIYO_URL": server.url,
            "MILEPOST_KLAVIYO_LIMITS": "off",
        }
        names = {"<datastore>": address["db"], "<dataset>": "customers", "<client>": "acme", "id=42": "id=C000001"}
        for words in COMMANDS:
            text = re.sub("|".join(names), lambda found: names[found[0]], words)
            done = milepost(*shlex.split(text), cwd=tmp_path, **environment)
            assert done.code == 0, f"milepost {text}\n{done.out}\n{done.err}"
            ran.append(words.split()[0])
    assert ran == ["init", "doctor", "backfill", "backfill", "ingest", "history", "query", "export"]
    assert (tmp_path / "orders.parquet").stat().st_size > 0
