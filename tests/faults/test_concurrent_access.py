"""A writer and readers use the store at the same time: nobody gets an exception, half a batch, or no turn."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("access_process.py")
READERS = 4


@pytest.mark.parametrize("seconds", [8, pytest.param(40, marks=pytest.mark.slow)])
def test_readers_and_a_writer_share_the_store_fairly_and_see_whole_batches_only(tmp_path, seconds):
    with ExitStack() as running:

        def start(role: str) -> subprocess.Popen[str]:
            command = [sys.executable, str(PROGRAM), str(tmp_path), role]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            running.enter_context(process)
            running.callback(process.kill)
            return process

        everybody = [start("write"), *(start("read") for _ in range(READERS))]
        for process in everybody:
            assert process.stdout.readline() == "ready\n"
        for process in everybody:
            print(seconds, file=process.stdin, flush=True)
        heard = [json.loads(process.stdout.readline()) for process in everybody]
    for one in heard:
        print(f"{one['who']}: {one['turns']} turns, longest {one['longest'] * 1000:.0f} ms")
    assert not [wrong for one in heard for wrong in one["wrong"]]
    assert min(one["turns"] for one in heard) >= 4, "somebody starved"
    assert max(one["longest"] for one in heard) < 6, "somebody waited too long"
