"""A control is one row: with it there are its training and its place in results, tables, cards and pages."""

import json
from pathlib import Path

import pytest

from potstill import controls
from potstill.results import Results

SHORT = ("--set", "stages.distil.epochs=none", "--set", "stages.distil.steps=4")
ROW = controls.Control(
    name="distilled-random",
    wording="distilled from a random start",
    heading="random, distilled",
    purpose="the same student and teacher, from random weights",
    start="random weights",
    colours=("#123456", "#abcdef"),
    change=lambda recipe: recipe.with_random_start(),
)


@pytest.fixture
def added(monkeypatch) -> controls.Control:
    monkeypatch.setattr(controls, "CONTROLS", (*controls.CONTROLS, ROW))
    return ROW


def test_a_control_that_is_added_as_a_row_is_trained_measured_and_shown(potstill, world, tmp_path, added):
    arguments = ("--teacher", world.teacher, "--data", world.reviews, "--out", tmp_path / "runs/kd")
    outcome = potstill("distill", "kd", *arguments, *SHORT, "--baseline", added.name)
    assert outcome.code == 0, outcome.stderr
    assert added.wording in outcome.stdout

    folder = tmp_path / "runs" / "kd"
    assert json.loads((folder / added.name / "recipe.json").read_text())["student"]["init"]["kind"] == "random"
    assert (folder / added.name / "student" / "config.json").is_file()
    results = Results.read(folder / "results.json")
    assert [model.role for model in results.models] == ["teacher", "student", "student_distilled_random"]
    assert added.wording in (folder / "student" / "README.md").read_text()
    page = (folder / "report.html").read_text()
    for text in (
        added.wording,
        '"dot distilled-random"',
        "--distilled-random: #123456;",
        "--distilled-random: #abcdef;",
    ):
        assert text in page

    assert f"kd, {added.wording}" in potstill("tables", tmp_path / "runs", "--format", "csv").stdout
    assert potstill("report", tmp_path / "runs", "--out", tmp_path / "suite.html").code == 0
    suite = (tmp_path / "suite.html").read_text()
    assert added.heading in suite
    assert added.purpose in suite
    assert (
        "finished already" in potstill("distill", "kd", *arguments, *SHORT, "--baseline", added.name, "--resume").stderr
    )


def test_without_its_row_a_control_is_unknown(potstill, world):
    outcome = potstill(
        "distill", "kd", "--teacher", world.teacher, "--data", world.reviews, "--baseline", "random-strat"
    )
    assert outcome.code == 2
    assert "--baseline random-strat: no such control. Did you mean 'random-start'?" in outcome.stderr


@pytest.mark.parametrize("control", controls.known_controls(), ids=lambda control: control.name)
def test_help_tells_what_a_control_is(potstill, control):
    told = " ".join(potstill("distill", "--help").stdout.replace("│", " ").split())
    assert f"'{control.name}': {control.purpose}" in told


def test_no_other_file_names_a_control():
    source = Path(controls.__file__).parent
    names = [
        name for control in controls.known_controls() for name in (control.role, control.name, f'"{control.wording}"')
    ]
    found = {
        f"{path.relative_to(source)}: {name}"
        for path in [*source.rglob("*.py"), *source.rglob("*.html"), *source.rglob("*.css"), *source.rglob("*.js")]
        for name in names
        if path.name != "controls.py" and name in path.read_text(encoding="utf-8")
    }
    assert found == {
        "cli/demo.py: base-start",
        "cli/demo.py: random-start",
        "cli/training.py: hard-labels",
        "cli/training.py: random-start",
        "pipeline/api.py: hard-labels",
        "recipe.py: base-start",
        "results/results.py: student_hard_labels",
    }


def test_a_student_that_was_done_harm_is_told_first_and_what_to_try_next_last(potstill, world):
    follows_layers_alone = (
        *("--set", "stages.distil.objectives=[{kind='embeddings'}]", "--set", "stages.distil.epochs=8"),
        *("--set", "student.init.kind=random", "--set", "stages.distil.optimizer.learning_rate=5e-3"),
        *("--set", "student.hidden_size=1.0", "--set", "stages.distil.batches.examples_per_batch=16"),
    )
    arguments = ("--teacher", world.teacher, "--data", world.reviews, *follows_layers_alone)
    outcome = potstill("distill", "kd", *arguments, "--baseline", "hard-labels", "--out", "run")
    assert outcome.code == 0, outcome.stderr
    first, *rest = outcome.stdout.splitlines()
    assert first.startswith("The student is worse than the same start on labels only, by more than chance: -")
    told = "\n".join(rest)
    assert "worse than the teacher by more than chance; to try next:\n 1. " in told
    assert "take a larger student" in told
    assert "distil: the weights of step" in outcome.stderr
    page = Path("run/report.html").read_text(encoding="utf-8")
    assert page.index("worse than the same start on labels only") < page.index("What to try next")
