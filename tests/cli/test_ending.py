"""How the command ends where it does not end well."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time

import pytest

COMMAND = [sys.executable, "-m", "potstill"]
PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}


def test_a_defect_is_reported_as_one(potstill, monkeypatch):
    def broken():
        raise RuntimeError("the [list] is broken")

    monkeypatch.setattr("potstill.recipes.shipped_recipes", broken)
    outcome = potstill("recipes")
    assert outcome.code == 1
    assert "Traceback" in outcome.stderr
    assert "defect: RuntimeError the [list] is broken\nThis is a defect of Potstill" in outcome.stderr
    assert outcome.stdout == ""


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_no_defect(potstill, world, tmp_path):
    tmp_path.chmod(0o500)
    outcome = potstill("distill", "kd", "--teacher", world.teacher, "--data", world.reviews, "--out", tmp_path / "run")
    assert outcome.code == 2
    assert outcome.stderr.splitlines()[-1].startswith("error: ")


def test_a_reader_that_goes_away_is_no_mistake():
    with subprocess.Popen([*COMMAND, "--version"], **PIPES) as writer:
        writer.stdout.close()
        assert writer.stderr.read() == ""
    assert writer.returncode == 141


def test_a_stopped_run_says_how_to_go_on_and_goes_on(potstill, world, tmp_path):
    out = tmp_path / "a run"
    data = ["--teacher", str(world.teacher), "--data", str(world.reviews), "--out", str(out)]
    long = ["--set", "stages.distil.epochs=none", "--set", "stages.distil.steps=200"]
    often = [
        "--set",
        "checkpoints.every_steps=10",
        "--set",
        "checkpoints.keep=99",
        "--set",
        "stages.distil.batches.examples_per_batch=8",
    ]
    command = [*COMMAND, "distill", "kd", *data, *long, *often, "--baseline", "hard-labels"]
    with subprocess.Popen(command, **PIPES) as run:
        while run.poll() is None and not list(out.glob("checkpoints/0*/position.json")):
            time.sleep(0.02)
        run.send_signal(signal.SIGINT)
        _, told = run.communicate()
    assert run.returncode == 130, told
    hint = told.splitlines()[-1]
    assert "Traceback" not in told
    assert hint == f"stopped; go on with: potstill distill '{out}/recipe.json' --resume"
    assert not (out / "student").exists()
    resumed = shlex.split(re.search(r"potstill (.*)", hint)[1])
    outcome = potstill(*resumed)
    assert outcome.code == 0, outcome.stderr
    assert (out / "results.json").is_file()


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.slow)])
def test_what_ends_a_container_or_a_terminal_stops_a_run_as_ctrl_c_does(world, tmp_path, number):
    out = tmp_path / "run"
    given = ["--teacher", str(world.teacher), "--data", str(world.reviews), "--out", str(out)]
    long = ["--set", "stages.distil.epochs=none", "--set", "stages.distil.steps=4000"]
    with subprocess.Popen([*COMMAND, "distill", "kd", *given, *long], **PIPES) as run:
        while run.poll() is None and not (out / "events.jsonl").exists():
            time.sleep(0.02)
        run.send_signal(number)
        _, told = run.communicate()
    assert run.returncode == 130, told
    assert told.splitlines()[-1] == f"stopped; go on with: potstill distill {out}/recipe.json --resume"
    assert "Traceback" not in told
    assert list(out.glob("checkpoints/0*/position.json")), "where it stood is saved"
    assert list(tmp_path.rglob(".*.partial")) == []


def test_a_signal_that_arrives_in_a_finalizer_is_not_lost():
    code = """
import os, signal, time
from potstill.cli.surroundings import stop_on_signals

class Dying:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)

stop_on_signals()
Dying()
time.sleep(20)
print("lived on")
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "KeyboardInterrupt" in ended.stderr
    assert ended.stdout == ""
