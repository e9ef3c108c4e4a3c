"""Wrong usage, exit codes, machine output, closed pipes, Ctrl+C: what every verb shares."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import time
from pathlib import Path

import pytest

from milepost_process import PROGRAM, clean_environment, milepost


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["simulat"], "no such verb 'simulat' (did you mean 'simulate'?"),
        (["simulate", "change"], "no such verb 'change' (did you mean 'changes'?"),
        (["completion"], "missing argument"),
        (["completion", "tcsh"], "'tcsh' is not one of 'bash', 'zsh', 'fish'"),
        (["completion", "bash", "--jsn"], "no such option '--jsn'"),
        (["simulate", "changes", "--rate", "x"], "'x' is not a valid float"),
        (["simulate", "changes", "--rate", "-1"], "-1.0 is not in the range x>=0"),
        (["completion", "bash", "--log-level", "loud"], "'loud' is not one of"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_exits_2_and_points_to_the_help(arguments: list[str], said: str, tmp_path: Path) -> None:
    ran = milepost(*arguments, cwd=tmp_path)
    assert ran.code == 2
    assert said.lower() in ran.err.lower()
    assert "--help'" in ran.err
    assert ran.out == ""

    ran = milepost("--json", *arguments, cwd=tmp_path)
    assert ran.code == ran.error["exit_code"] == 2
    assert ran.error["error"]["code"] == "usage"
    assert said.lower() in ran.error["error"]["message"].lower()


def test_nothing_to_do_shows_the_help(tmp_path: Path) -> None:
    ran = milepost(cwd=tmp_path)
    assert ran.code == 2
    assert "Start here" in ran.err


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    done = subprocess.run(
        f"{PROGRAM} completion bash | head -n 1; echo ${{PIPESTATUS[0]}}",
        shell=True, executable="/bin/bash", cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "0"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell: str, tmp_path: Path) -> None:
    assert "_MILEPOST_COMPLETE" in milepost("completion", shell, cwd=tmp_path).out
    assert milepost("completion", shell, "--json", cwd=tmp_path).json["shell"] == shell


def test_completion_knows_the_verbs(tmp_path: Path) -> None:
    ran = milepost(cwd=tmp_path, _MILEPOST_COMPLETE="bash_complete", COMP_WORDS="milepost sim", COMP_CWORD="1")
    assert ran.out == "plain,simulate\n"


def test_an_error_is_red_on_a_terminal_and_plain_without_colours(tmp_path: Path) -> None:
    assert b"\x1b[31m" in _on_a_terminal(tmp_path, "completion")
    assert b"\x1b[" not in _on_a_terminal(tmp_path, "completion", "--no-color")
    assert b"\x1b[" not in _on_a_terminal(tmp_path, "completion", NO_COLOR="1")


def test_ctrl_c_ends_a_simulation_cleanly(tmp_path: Path) -> None:
    with subprocess.Popen(
        [PROGRAM, "simulate", "changes", "--rate", "20", "--json"],
        cwd=tmp_path, env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        log = tmp_path / "milepost-home/sandbox/postgres/customer_db.env"
        for _ in range(600):
            if log.exists():
                break
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert '"changes"' in out
    assert err == ""


def _on_a_terminal(cwd: Path, *arguments: str, **environment: str) -> bytes:
    mine, theirs = pty.openpty()
    env = {name: value for name, value in clean_environment(TERM="xterm").items() if name != "NO_COLOR"} | environment
    subprocess.run([PROGRAM, *arguments], cwd=cwd, env=env, stdin=theirs, stdout=theirs, stderr=theirs, check=False)
    os.close(theirs)
    said = b""
    while True:
        try:
            said += os.read(mine, 65536)
        except OSError:
            break
    os.close(mine)
    return said
