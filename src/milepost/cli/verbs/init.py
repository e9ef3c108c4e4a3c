"""`milepost init`: the first files of a folder. What stands in them lives in `milepost.cli.starter`."""

from __future__ import annotations

from pathlib import Path

import click

from milepost.cli.call import Call
from milepost.cli.verb import verb

_PRIVATE, _PUBLIC = 0o600, 0o644


@verb(
    "init",
    examples=[("in this folder", "milepost init"), ("in a new one", "milepost init shops && cd shops")],
)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path())
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
def init(call: Call, *, folder: Path, dry_run: bool) -> None:
    """Write a starter .env and ecosystem.yaml into this folder.

    A file that is there is kept as it is. `.env` is readable by you only (mode 0600): it will hold your keys.
    """
    from milepost.cli.starter import ecosystem, write_new
    from milepost.settings import env_example

    wanted = ((".env", env_example(), _PRIVATE), ("ecosystem.yaml", ecosystem(folder / ".env"), _PUBLIC))
    if dry_run:
        done = {name: "kept" if (folder / name).exists() else "would be written" for name, _, _ in wanted}
    else:
        _make(folder)
        done = {name: "written" if write_new(folder / name, text, mode) else "kept" for name, text, mode in wanted}
    call.out.result({"folder": folder.resolve(), "files": done}, lambda: _print(call, folder, done, dry_run=dry_run))


def _make(folder: Path) -> None:
    from milepost.errors import StoreUnwritable

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise StoreUnwritable(f"cannot make {folder}: {exc.strerror}", hint="choose a folder you may write to") from exc


def _print(call: Call, folder: Path, done: dict[str, str], *, dry_run: bool) -> None:
    for name, outcome in done.items():
        call.out.line(f"{outcome:16}  {folder / name}" if dry_run else f"{outcome:7}  {folder / name}")
    if dry_run:
        return
    step = [
        "put your Klaviyo key into .env:   KLAVIYO_API_KEY=pk_…",
        "see whether everything is there:  milepost doctor",
        "read the last year:               milepost backfill start default --years 1",
    ]
    call.out.line("\nWhat next")
    for number, line in enumerate([*([f"cd {folder}"] if folder != Path() else []), *step], 1):
        call.out.line(f"  {number}. {line}")
    call.out.say("\n.env will hold secrets: keep it out of version control.", style="dim")
