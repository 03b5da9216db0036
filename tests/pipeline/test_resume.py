"""A run that is killed at any moment and taken up again ends with the same student, bit for bit."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from killing import kill_after_checkpoints

from potstill import distill
from potstill.pipeline import plan_run

SETTINGS = [
    "precision=fp32",
    "stages.0.epochs=12",
    "checkpoints.every_steps=2",
    "checkpoints.keep=99",
    "tracking.every_steps=3",
]
SCRIPT = """
import sys
from potstill import distill
teacher, data, out, *overrides = sys.argv[1:]
distill("kd", teacher=teacher, data=data, text="review", label="stars", out=out, overrides=overrides)
"""


STORED = [
    *SETTINGS,
    'stages.0.objectives=[{kind="hidden_states"}, {kind="attention_scores"}, {kind="soft_labels"}]',
    "student.num_layers=2",
    "student.init.kind=random",
    "stages.0.select=last",
    "teacher.states=store",
]


def run(teacher: Path, reviews: Path, out: Path, settings: Sequence[str] = SETTINGS) -> bytes:
    done = distill(
        "kd", teacher=str(teacher), data=str(reviews), text="review", label="stars", out=out, overrides=settings
    )
    return (done.student / "model.safetensors").read_bytes()


@pytest.fixture(scope="module")
def uninterrupted(teacher: Path, reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "run"
    run(teacher, reviews, out)
    return out


@pytest.mark.parametrize("num_checkpoints", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_killed_run_resumes_to_the_identical_student(
    teacher: Path, reviews: Path, uninterrupted: Path, tmp_path: Path, num_checkpoints: int
) -> None:
    out = tmp_path / "run"
    kill_after_checkpoints(SCRIPT, str(teacher), str(reviews), str(out), *SETTINGS, out=out, count=num_checkpoints)
    resumed = distill(str(out / "recipe.json"), resume=True)
    assert resumed.folder == out
    ours = (out / "student" / "model.safetensors").read_bytes()
    assert ours == (uninterrupted / "student" / "model.safetensors").read_bytes()


def test_killed_run_with_stored_states_resumes_to_the_identical_student(
    teacher: Path, reviews: Path, tmp_path: Path
) -> None:
    expected = run(teacher, reviews, tmp_path / "one" / "run", STORED)
    out = tmp_path / "other" / "run"
    kill_after_checkpoints(SCRIPT, str(teacher), str(reviews), str(out), *STORED, out=out, count=2)
    shards = {path: path.stat().st_mtime_ns for path in out.parent.rglob("states-*/*/*.safetensors")}
    assert shards
    distill(str(out / "recipe.json"), resume=True)
    assert (out / "student" / "model.safetensors").read_bytes() == expected
    assert {path: path.stat().st_mtime_ns for path in out.parent.rglob("states-*/*/*.safetensors")} == shards


def test_a_resumed_run_has_the_controls_that_it_was_begun_with_and_those_named_later(
    teacher: Path, reviews: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    short = ["precision=fp32", "stages.0.epochs=none", "stages.0.steps=2", "student.num_layers=1"]
    names = {"teacher": str(teacher), "data": str(reviews), "text": "review", "label": "stars"}
    distill("kd", **names, out=out, overrides=short, baselines=["hard-labels"])
    student = (out / "student" / "model.safetensors").read_bytes()
    (out / "results.json").unlink()
    shutil.rmtree(out / "hard-labels")
    resumed = distill(str(out / "recipe.json"), resume=True)
    assert [model.role for model in resumed.results.models] == ["teacher", "student", "student_hard_labels"]
    distill(str(out / "recipe.json"), resume=True, baselines=["random-start"])
    more = distill(str(out / "recipe.json"), resume=True)
    assert {model.role for model in more.results.models} >= {"student_hard_labels", "student_random_start"}
    assert (out / "student" / "model.safetensors").read_bytes() == student


@pytest.mark.parametrize(
    ("finished", "fresh", "resumed"),
    [
        ([], "teacher", "teacher"),
        ([False], "teacher-2", "teacher"),
        ([True, False], "teacher-3", "teacher-2"),
        ([False, True], "teacher-3", "teacher"),
        ([True, True], "teacher-3", "teacher-2"),
    ],
)
def test_the_last_unfinished_folder_is_taken_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, finished: list[bool], fresh: str, resumed: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for number, is_finished in enumerate(finished, start=1):
        folder = Path("runs") / ("teacher" if number == 1 else f"teacher-{number}")
        folder.mkdir(parents=True)
        if is_finished:
            (folder / "results.json").write_text("{}")
    assert plan_run("teacher", {}).folder == Path("runs") / fresh
    assert plan_run("teacher", {}, resume=True).folder == Path("runs") / resumed


def test_a_run_that_was_stopped_after_its_training_is_only_measured(uninterrupted: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    shutil.copytree(uninterrupted, out)
    (out / "results.json").unlink()
    events, student = (out / "events.jsonl").read_bytes(), out / "student" / "model.safetensors"
    written = student.stat().st_mtime_ns
    again = distill(str(out / "recipe.json"), resume=True)
    assert (out / "events.jsonl").read_bytes() == events
    assert student.stat().st_mtime_ns == written
    assert again.results.find("student") is not None
    assert _events(out) == _events(uninterrupted)


def test_stage_after_stage_resumes_at_the_second(
    teacher: Path, reviews: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    overrides = ["precision=fp32", "stages.0.epochs=1", "stages.1.epochs=1", "checkpoints.keep=99"]
    fields = {"teacher": str(teacher), "data": str(reviews), "text": "review", "label": "stars"}
    whole = distill("kd-hidden", out=tmp_path / "whole", overrides=overrides, **fields)
    cut = distill("kd-hidden", out=tmp_path / "cut", overrides=overrides, **fields)
    expected = (whole.student / "model.safetensors").read_bytes()
    assert (cut.student / "model.safetensors").read_bytes() == expected
    (cut.folder / "results.json").unlink()
    shutil.rmtree(cut.student)
    names = sorted(path.name for path in (cut.folder / "checkpoints").iterdir())
    assert names[-1].startswith("001-")
    resumed = distill(str(cut.folder / "recipe.json"), resume=True)
    assert (resumed.student / "model.safetensors").read_bytes() == expected
    assert _events(resumed.folder) == _events(whole.folder), "what came after the checkpoint is told once"


def _events(folder: Path) -> list[str]:
    """The events without their times."""
    lines = (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [line.split(', "seconds"')[0] for line in lines]
