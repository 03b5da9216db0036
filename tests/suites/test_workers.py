"""Cells in processes of their own, and on a Ray cluster: killed and taken up, with the same numbers everywhere."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tiny_grid import make_small_suite

from potstill.errors import RunError
from potstill.results import Results
from potstill.suites import Suite, SuiteFolder, open_workers, run_suite
from potstill.suites.schedule import SilentWatcher
from potstill.suites.workers import LocalProcesses


def scores(folder: Path) -> dict[str, dict[str, float]]:
    """Metrics of the last model of every run."""
    return {
        path.parent.name: Results.read(path).models[-1].metrics for path in sorted(folder.glob("runs/*/results.json"))
    }


def test_processes_give_the_same_numbers_and_crashes_are_tried_again(
    base: Path, reviews: Path, finished: Path, tmp_path: Path
) -> None:
    suite = make_small_suite(base, reviews, seeds=[0])
    out = tmp_path / "out"
    shutil.copytree(finished / "runs" / "teacher.stars", out / "runs" / "teacher.stars")
    shutil.copy(finished / "suite.json", out)
    killed: list[str] = []

    class Killer(SilentWatcher):
        """Kills the first try as soon as its process is at work."""

        def look(self) -> None:
            log = SuiteFolder(path=out).log("kd.stars.0")
            if not killed and log.is_file() and workers.pids:
                os.kill(workers.pids[0], signal.SIGKILL)
                killed.append("once")

    workers = LocalProcesses(1)
    run = run_suite(suite, out, workers, Killer())
    assert killed == ["once"]
    assert run.outcome.failed == {}
    assert scores(out)["kd.stars.0"] == scores(finished)["kd.stars.0"]


@pytest.mark.slow
def test_a_suite_that_is_killed_loses_no_finished_cell(base: Path, reviews: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code = (
        "import sys; from pathlib import Path; from tiny_grid import make_small_suite\n"
        "from potstill.suites import run_suite; from potstill.suites.schedule import SilentWatcher\n"
        "from potstill.suites.workers import LocalProcesses\n"
        "if __name__ == '__main__':\n"
        "    suite = make_small_suite(Path(sys.argv[1]), Path(sys.argv[2]), seeds=[0])\n"
        "    run_suite(suite, Path(sys.argv[3]), LocalProcesses(1), SilentWatcher())\n"
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    process = subprocess.Popen([sys.executable, str(script), str(base), str(reviews), str(out)], env=environment)
    teacher = out / "runs" / "teacher.stars" / "results.json"
    student_log = out / "logs" / "kd.stars.0.log"
    for _ in range(3000):
        if student_log.is_file() or process.poll() is not None:
            break
        time.sleep(0.1)
    process.kill()
    process.wait()
    assert teacher.is_file()
    stamp = teacher.stat().st_mtime_ns
    run = run_suite(make_small_suite(base, reviews, seeds=[0]), out, open_workers(0), SilentWatcher())
    assert len(run.outcome.finished) == 2
    assert teacher.stat().st_mtime_ns == stamp


@pytest.mark.slow
def test_a_ray_cluster_of_two_workers_gives_the_same_numbers(
    small_suite: Suite, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster_utils = pytest.importorskip("ray.cluster_utils")
    here = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    monkeypatch.setenv("PYTHONPATH", here)
    cluster = cluster_utils.Cluster()
    for _ in range(2):
        cluster.add_node(num_cpus=1)
    try:
        workers = open_workers(0, ray=cluster.address)
        assert workers.num_slots == 2
        run = run_suite(small_suite, tmp_path / "out", workers, SilentWatcher())
    finally:
        cluster.shutdown()
    assert run.outcome.failed == {}
    assert scores(tmp_path / "out") == scores(finished)


def test_a_cluster_that_is_not_there_is_refused() -> None:
    pytest.importorskip("ray")
    with pytest.raises(RunError, match=r"--ray auto: no Ray cluster could be joined .*ray start --head"):
        open_workers(0, ray="auto")


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(RunError, match=r"ray is not installed; run .pip install .potstill\[ray\]"):
        open_workers(0, ray="auto")
