"""Who works on a folder keeps all others out, and they are told who it is."""

import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from potstill.errors import RunError
from potstill.files import held, one_at_a_time

HOLDS = """
import sys
from pathlib import Path
from potstill.files import held, one_at_a_time
take, path = {"held": held, "waited": one_at_a_time}[sys.argv[1]], Path(sys.argv[2])
with take(path):
    print("in", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process(how: str, path: Path) -> Iterator[subprocess.Popen]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", HOLDS, how, str(path)], **pipes) as process:
        assert process.stdout.readline() == "in\n"
        yield process
        process.stdin.close()


def test_a_folder_that_is_held_says_by_whom_and_since_when(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "kd"
    with another_process("held", folder) as process:
        who = rf"process {process.pid} on {re.escape(platform.node())}, since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d"
        with pytest.raises(RunError, match=rf"^'{folder}' is in use by {who}; wait for its end"), held(folder):
            pass
    with held(folder):
        pass


def test_one_that_waits_is_told_for_whom(tmp_path: Path) -> None:
    told: list[str] = []
    with another_process("waited", tmp_path / "lock") as process:

        def waits(who: str) -> None:
            told.append(who)
            process.stdin.close()

        with one_at_a_time(tmp_path / "lock", waits):
            assert told[0].startswith(f"process {process.pid} on ")


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    with another_process("held", tmp_path) as process:
        process.kill()
        process.wait()
        with held(tmp_path):
            pass


def test_the_same_thread_may_take_it_again(tmp_path: Path) -> None:
    with held(tmp_path):
        with held(tmp_path):
            assert str(os.getpid()) in (tmp_path / ".lock").read_text()
        with pytest.raises(AssertionError), another_process("held", tmp_path):
            pass
