"""Processes that share work end with the one that started them, and it ends with one sentence where they do."""

import os
import signal
import subprocess
import sys
import time
from multiprocessing import active_children
from pathlib import Path

import pytest

from potstill.augmentation import WorkerPool
from potstill.errors import RunError

SLEEPS = """
import sys, time
from potstill.augmentation import WorkerPool
if __name__ == "__main__":
    with WorkerPool(2) as pool:
        for pid in pool.map(WORK, range(10_000)):
            print(pid, flush=True)
""".replace("WORK", "__import__('test_worker_pool').work")


def work(_: int) -> int:
    time.sleep(0.01)
    return os.getpid()


def long_work(_: int) -> int:
    time.sleep(60)
    return os.getpid()


def is_alive(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"


def test_a_killed_worker_is_one_sentence() -> None:
    with WorkerPool(2) as pool:
        results = pool.map(work, range(10_000))
        os.kill(next(results), signal.SIGKILL)
        with pytest.raises(RunError, match=r"^one of the 2 processes that draw new texts was ended from outside"):
            list(results)
    assert active_children() == []


def test_work_that_is_given_up_ends_at_once() -> None:
    def give_up() -> None:
        with WorkerPool(2) as pool:
            next(pool.map(work, range(10)))
            list(pool.map(long_work, _interrupted()))

    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        give_up()
    assert time.monotonic() - begun < 20
    assert active_children() == []


def _interrupted():
    yield 1
    yield 2
    raise KeyboardInterrupt


def test_no_worker_outlives_a_killed_parent(tmp_path: Path) -> None:
    script = tmp_path / "sleeps.py"
    script.write_text(SLEEPS)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True, env=environment) as parent:
        workers = {int(parent.stdout.readline()) for _ in range(20)}
        assert all(is_alive(worker) for worker in workers)
        parent.kill()
    deadline = time.monotonic() + 10
    while any(is_alive(worker) for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(is_alive(worker) for worker in workers)
