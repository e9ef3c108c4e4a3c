"""`milepost init`: the first two files, never over what is there."""

from __future__ import annotations

import stat
from pathlib import Path

from milepost.model.load import parse
from milepost_process import milepost


def test_it_writes_both_files_and_says_what_next(tmp_path: Path) -> None:
    ran = milepost("init", cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert (tmp_path / ".env").read_text() == (Path(__file__).parents[2] / ".env.example").read_text()
    ecosystem = parse((tmp_path / "ecosystem.yaml").read_text())
    assert [platform.name for platform in ecosystem.platforms] == ["live", "forensic"]
    assert ecosystem.of_client("default").name == "klaviyo"
    assert "milepost doctor" in ran.out


def test_keys_that_are_there_become_datastores(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("KLAVIYO_API_KEY_NORTH=pk_1\nPG_HOST=db\nPG_DB=shop\nPG_USER=me\n")
    assert milepost("init", cwd=tmp_path).code == 0
    assert [d.name for d in parse((tmp_path / "ecosystem.yaml").read_text()).datastores] == ["north", "shop"]


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("KLAVIYO_API_KEY=pk_mine\n")
    ran = milepost("init", "--json", cwd=tmp_path)
    assert ran.json["files"] == {".env": "kept", "ecosystem.yaml": "written"}
    assert (tmp_path / ".env").read_text() == "KLAVIYO_API_KEY=pk_mine\n"


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    ran = milepost("init", "new", "--dry-run", cwd=tmp_path)
    assert "would be written" in ran.out
    assert list(tmp_path.iterdir()) == []


def test_a_new_folder_is_made(tmp_path: Path) -> None:
    ran = milepost("init", "new/er", cwd=tmp_path)
    assert ran.code == 0
    assert "1. cd new/er" in ran.out
    assert (tmp_path / "new/er/ecosystem.yaml").exists()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = milepost("init", "file/folder", cwd=tmp_path)
    assert ran.code == 1
    assert "cannot make file/folder: Not a directory" in ran.err
