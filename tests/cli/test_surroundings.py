"""A command does its work, or says in one sentence why not, whatever its streams and its environment are like."""

import os
import resource
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

POTSTILL = [sys.executable, "-m", "potstill"]
RECIPE = """
name = "mine"
description = "Größer 猫 😀"
[student]
kind = "bert"
num_layers = 2
[[stages]]
name = "distil"
steps = 1
objectives = [{kind = "soft_labels"}]
"""


def run(arguments: list[str], *, streams: str = "", limit: int | None = None, **environment: str):
    """Run a command through a shell, which closes and redirects streams."""

    def full_disk() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    line = f"exec {shlex.join([*POTSTILL, *arguments])} {streams}"
    return subprocess.run(
        ["bash", "-c", line], capture_output=True, preexec_fn=full_disk, env=os.environ | environment, check=False
    )


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


@pytest.mark.parametrize("setting", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}])
def test_what_is_printed_to_a_pipe_is_utf_8(recipe: Path, setting: dict[str, str]) -> None:
    done = run(["recipes", "show", str(recipe)], **setting)
    assert done.returncode == 0, done.stderr
    assert "Größer 猫 😀" in done.stdout.decode()


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_disk_that_is_full_is_no_success(recipe: Path, tmp_path: Path, unbuffered: str) -> None:
    out = tmp_path / "out"
    done = run(["recipes", "show", str(recipe)], streams=f"> {out}", limit=30, PYTHONUNBUFFERED=unbuffered)
    assert done.returncode == 2
    assert done.stderr.decode() == "error: stdout cannot be used: File too large.\n"


@pytest.mark.parametrize(
    ("streams", "code", "told"),
    [
        (">&-", 2, "error: stdout is closed, so that nothing could be printed; leave it open, or send it to a file.\n"),
        ("2>&-", 0, ""),
        ("<&-", 0, ""),
    ],
)
def test_closed_streams_are_no_traceback(streams: str, code: int, told: str) -> None:
    done = run(["tasks"], streams=streams)
    assert (done.returncode, done.stderr.decode()) == (code, told)
    assert (b"trec" in done.stdout) == (code == 0)


def test_a_closed_stdin_is_an_empty_one(tmp_path: Path) -> None:
    done = run(["predict", str(tmp_path)], streams="<&-")
    assert done.returncode == 2
    assert done.stderr.decode().startswith("error: there is nothing to predict: stdin is empty")


@pytest.mark.parametrize("left", [{"WORLD_SIZE": "4"}, {"WORLD_SIZE": "many"}, {"RANK": "3"}, {"LOCAL_RANK": "1"}])
def test_what_a_batch_system_left_set_changes_nothing(potstill, monkeypatch, world, left: dict[str, str]) -> None:
    for name, value in left.items():
        monkeypatch.setenv(name, value)
    outcome = potstill("predict", world.teacher, "good film")
    assert outcome.code == 0, outcome.stderr
    assert "positive" in outcome.stdout


def test_what_has_colons_is_no_picture(potstill) -> None:
    assert "recipe ':cat:'" in potstill("recipes", "show", ":cat:").stderr


def test_too_little_memory_is_told(potstill, monkeypatch) -> None:
    def load(*_: object) -> None:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:124] data. DefaultCPUAllocator: can't allocate memory: you")

    monkeypatch.setattr("potstill.recipes.shipped_recipes", load)
    outcome = potstill("recipes")
    assert outcome.code == 2
    assert outcome.stderr == "error: there is not enough memory; free some, or make the batches smaller.\n"
