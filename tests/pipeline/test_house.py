"""The recipe that runs where none is named: it leaves out what a teacher or a student cannot do."""

import json
from pathlib import Path

import pytest

from potstill import distill
from potstill.errors import RecipeError
from potstill.recipe import load_recipe

SHORT = [
    "precision=fp32",
    "stages.intermediate.epochs=1",
    "stages.distil.epochs=1",
    "stages.distil.evaluations=1",
    "stages.distil.trial_steps=2",
]


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
    lines = (run.folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    assert [event["stage"] for event in map(json.loads, lines) if event["event"] == "stage"] == made


def test_the_last_stage_is_always_made() -> None:
    with pytest.raises(RecipeError, match="the last one, 'distil', cannot be optional"):
        load_recipe("house", overrides=["stages.distil.optional=true"])
