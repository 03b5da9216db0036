"""A short trial settles the learning rate of a stage, and changes nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest
from killing import kill_after_checkpoints

from potstill import distill
from potstill.errors import RecipeError
from potstill.recipe import load_recipe

SETTINGS = [
    "precision=fp32",
    "student.init.kind=random",
    "stages.0.epochs=6",
    "stages.0.evaluations_per_epoch=1",
    "stages.0.evaluations=3",
    "checkpoints.every_steps=2",
]
TRIED = [*SETTINGS, "stages.0.optimizer.learning_rate=[5e-8, 5e-3, 5e-4]", "stages.0.trial_steps=6"]
SCRIPT = """
import sys
from potstill import distill
teacher, data, out, *overrides = sys.argv[1:]
distill("kd", teacher=teacher, data=data, text="review", label="stars", out=out, overrides=overrides)
"""


def run(teacher: Path, reviews: Path, out: Path, settings: list[str]) -> list[dict[str, Any]]:
    distill("kd", teacher=str(teacher), data=str(reviews), text="review", label="stars", out=out, overrides=settings)
    return [json.loads(line) for line in (out / "events.jsonl").read_text(encoding="utf-8").splitlines()]


def weights(folder: Path) -> bytes:
    return (folder / "student" / "model.safetensors").read_bytes()


def test_the_rate_of_the_lowest_held_out_loss_is_taken_and_nothing_else_changes(
    teacher: Path, reviews: Path, tmp_path: Path
) -> None:
    events = run(teacher, reviews, tmp_path / "tried", TRIED)
    (choice,) = (event for event in events if event["event"] == "rates")
    losses = {tried["learning_rate"]: tried["loss"] for tried in choice["tried"]}
    assert list(losses) == pytest.approx([5e-8, 5e-3, 5e-4])
    assert choice["learning_rate"] == min(losses, key=losses.__getitem__) != 5e-8
    assert [event["step"] for event in events if event["event"] == "evaluation"] == sorted(
        event["step"] for event in events if event["event"] == "evaluation"
    )
    assert sum(event["event"] == "evaluation" for event in events) == 3
    run(teacher, reviews, tmp_path / "told", [*SETTINGS, f"stages.0.optimizer.learning_rate={choice['learning_rate']}"])
    assert weights(tmp_path / "tried") == weights(tmp_path / "told")


def test_a_killed_run_keeps_to_the_rate_that_it_chose(teacher: Path, reviews: Path, tmp_path: Path) -> None:
    run(teacher, reviews, tmp_path / "whole", TRIED)
    out = tmp_path / "killed"
    kill_after_checkpoints(SCRIPT, str(teacher), str(reviews), str(out), *TRIED, out=out, count=2)
    distill(str(out / "recipe.json"), resume=True)
    assert weights(out) == weights(tmp_path / "whole")
    assert (out / "events.jsonl").read_text(encoding="utf-8").count('"event": "rates"') == 1


def test_a_trial_reads_no_more_texts_than_its_stage(teacher: Path, reviews: Path, tmp_path: Path) -> None:
    more = tmp_path / "more.txt"
    more.write_text("the plot is good\na bad story with a film\n" * 20 + "good\n", encoding="utf-8")
    gold = [*TRIED, "stages.0.data=transfer", 'stages.0.objectives=[{kind="hard_labels"}]', "start_from=base"]
    gold += [f"teacher.base={teacher}", "stages.0.select=last", "stages.0.evaluations=none"]
    alone, beside = (
        run(teacher, reviews, tmp_path / name, [*gold, *further])
        for name, further in (("alone", []), ("beside", [f'data.unlabeled=["{more}"]']))
    )
    tried, again = (next(event for event in events if event["event"] == "rates") for events in (alone, beside))
    assert tried["tried"] == again["tried"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["stages.0.trial_steps=9"], "trial_steps without effect"),
        (["stages.0.epochs={passes=2, min_steps=9, max_steps=8}"], "min_steps (9) is more than max_steps (8)"),
        (["stages.0.epochs={min_steps=9}"], "stages.0.epochs.passes: this field is required"),
        (["stages.0.epochs=abc"], "stages.0.epochs: must be a number or a table of fields, not 'abc'"),
        (["stages.0.optimizer.learning_rate=[1e-4]"], "a list of 2 or more"),
        (["stages.0.evaluations=9"], "set one of evaluations and evaluations_per_epoch"),
    ],
)
def test_settings_that_would_change_nothing_are_refused(settings: list[str], said: str) -> None:
    with pytest.raises(RecipeError) as refused:
        load_recipe("kd", overrides=settings)
    assert said in str(refused.value)
