"""The recipe that runs where none is named: it leaves out what a teacher or a student cannot do."""

import csv
import json
from pathlib import Path

import pytest

from potstill import distill
from potstill.errors import RecipeError
from potstill.hub import describe_model
from potstill.pipeline import Run
from potstill.recipe import load_recipe

SHORT = [
    "precision=fp32",
    "stages.intermediate.epochs=1",
    "stages.distil.epochs=1",
    "stages.distil.evaluations=1",
    "stages.distil.trial_steps=2",
]


def stages_made(run: Run) -> list[str]:
    lines = (run.folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [event["stage"] for event in map(json.loads, lines) if event["event"] == "stage"]


@pytest.mark.parametrize(
    ("student", "made"),
    [([], ["intermediate", "distil"]), (["student.kind=bilstm", "start_from=teacher"], ["distil"])],
)
def test_layers_are_followed_where_both_have_them(
    teacher: Path, reviews: Path, tmp_path: Path, student: list[str], made: list[str]
) -> None:
    places = {"teacher": str(teacher), "data": str(reviews), "text": "review", "label": "stars"}
    run = distill(**places, out=tmp_path / "run", overrides=[*SHORT, *student])
    assert json.loads((run.folder / "recipe.json").read_text(encoding="utf-8"))["name"] == "house"
    assert stages_made(run) == made


def test_the_last_stage_is_always_made() -> None:
    with pytest.raises(RecipeError, match="the last one, 'distil', cannot be optional"):
        load_recipe("house", overrides=["stages.distil.optional=true"])


def test_without_a_gold_label_a_table_of_answers_teaches_alone(
    base: Path, teacher: Path, reviews: Path, tmp_path: Path
) -> None:
    bare, answers = tmp_path / "bare.csv", tmp_path / "answers.csv"
    with reviews.open(encoding="utf-8", newline="") as file:
        told = {row["review"]: row["stars"] for row in csv.DictReader(file)}
    for path, rows in ((bare, [(text, "") for text in told]), (answers, told.items())):
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("review", "stars"), *rows])
    labels = describe_model(str(teacher)).label_names
    places = {"data": str(bare), "text": "review", "label": "stars", "labels": labels, "base": str(base)}
    missing = ["data.missing_labels=unlabeled"]
    run = distill(**places, teacher_answers=str(answers), out=tmp_path / "run", overrides=[*SHORT, *missing])
    kept = json.loads((run.folder / "recipe.json").read_text(encoding="utf-8"))["stages"][-1]["objectives"]
    assert [each["kind"] for each in kept] == ["soft_labels"]
    assert stages_made(run) == ["distil"]
    assert run.results.reference == "teacher"


def test_only_what_reads_gold_labels_can_be_optional() -> None:
    with pytest.raises(RecipeError, match="optional is without effect here, as this objective reads no gold labels"):
        load_recipe("house", overrides=["stages.distil.objectives.soft_labels.optional=true"])
