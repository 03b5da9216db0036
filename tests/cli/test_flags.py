"""Flags for what everybody changes, and what a run would take."""

import json

import pytest

from potstill.recipe import load_recipe
from potstill.recipes import Shorthands

GIVEN = {
    "seed": 5,
    "epochs": 2.0,
    "batch_size": 8,
    "learning_rate": 0.003,
    "max_length": 40,
    "precision": "fp32",
    "dev": "dev.csv",
    "test": "test.csv",
}


@pytest.mark.parametrize("recipe", ["house", "kd", "tinybert-4x312", "distilbert-4", "bilstm-soft"])
def test_a_flag_changes_the_stages_that_run_and_nothing_else(recipe: str) -> None:
    fields = {"data.path": "reviews"}
    before, after = (load_recipe(recipe, fields=fields, shorthands=each).to_json() for each in (None, _all()))
    *earlier, last = [stage for stage in after["stages"] if stage["data"] != "corpus"]
    assert (after["seed"], after["precision"], last["epochs"]) == (5, "fp32", 2.0)
    assert last["optimizer"]["learning_rate"] == 0.003
    assert [after["data"][name] for name in ("max_length", "dev", "test")] == [40, "dev.csv", "test.csv"]
    for stage in (*earlier, last):
        assert (stage["batches"]["examples_per_batch"], stage["batches"]["tokens_per_batch"]) == (8, 8 * 40)
    for was, stage in zip(before["stages"], after["stages"], strict=True):
        if stage["data"] == "corpus":
            assert was == stage
        elif stage is not last:
            assert {**was, "batches": {}} == {**stage, "batches": {}}


@pytest.mark.parametrize("name", [name for name in GIVEN if name not in ("dev", "test")])
def test_a_flag_changes_stages_on_plain_text_where_there_are_no_others(name: str) -> None:
    before, after = (
        load_recipe("pretrain", shorthands=each).to_json() for each in (None, Shorthands.parse({name: GIVEN[name]}))
    )
    assert before != after


def test_every_flag_is_in_the_help_with_what_it_sets(potstill, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    told = potstill("distill", "-h").stdout
    for name in Shorthands.model_fields:
        (line,) = [line for line in told.splitlines() if f"--{name.replace('_', '-')} " in line and "Sets" in line]
        assert " Sets '" in line


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--epochs", "0"), "epochs: must be greater than 0.0, not 0"),
        (("--learning-rate", "-1"), "learning_rate: must be greater than 0.0"),
        (("--device", "abacus"), "--device abacus: this machine has none; choose one of cpu"),
        (("--set", "epochs=3"), "--set epochs=3: no such field. Did you mean 'stages.distil.epochs'?"),
        (("--set", "learning_rate=3"), "Did you mean 'stages.distil.optimizer.learning_rate'?"),
    ],
)
def test_a_wrong_flag_is_refused(potstill, world, flags, told: str) -> None:
    outcome = potstill("distill", "kd", "--teacher", world.teacher, "--data", world.reviews, *flags)
    assert (outcome.code, outcome.stdout) == (2, "")
    assert told in " ".join(outcome.stderr.split())


def test_the_demo_refuses_a_setting_before_it_measures_anything(potstill, tmp_path) -> None:
    outcome = potstill("demo", "--set", "data.limits=5")
    assert outcome.code == 2
    assert "data.limits: no such field. Did you mean 'limit'?" in outcome.stderr
    assert list(tmp_path.iterdir()) == []


def test_epochs_are_refused_where_a_stage_counts_steps(potstill, world, tmp_path) -> None:
    mine = tmp_path / "mine.toml"
    head = 'name = "mine"\nextends = "kd"\nwithout = ["stages.distil.epochs"]\n'
    mine.write_text(f'{head}[[stages]]\nname = "distil"\nsteps = 4\n', encoding="utf-8")
    outcome = potstill("distill", mine, "--teacher", world.teacher, "--data", world.reviews, "--epochs", "2")
    assert outcome.code == 2
    assert "--epochs 2: stage 'distil' counts steps" in outcome.stderr


def test_a_dry_run_says_what_a_run_would_take_and_leaves_nothing(potstill, world, tmp_path) -> None:
    places = ("--teacher-base", world.base, "--data", world.reviews, "--dry-run", "--baseline", "hard-labels")
    outcome = potstill("distill", "kd-hidden", *places, "--epochs", "1")
    assert outcome.code == 0, outcome.stderr
    for words in ("fine-tuned first", "intermediate", "distil", "soft_labels", "time: about", "disk: about", "runs/kd"):
        assert words in outcome.stdout
    plan = json.loads(potstill("distill", "kd-hidden", *places, "--epochs", "1", "--json").stdout)
    assert [(stage["name"], stage["num_texts"]) for stage in plan["stages"]] == [("intermediate", 160), ("distil", 160)]
    assert plan["stages"][0]["num_steps"] == 2 * plan["stages"][1]["num_steps"]
    assert plan["seconds"] >= plan["teacher"]["seconds"] > 0
    assert plan["peak_bytes"] > plan["final_bytes"] > 4 * 2 * plan["student"]["num_parameters"]
    assert list(tmp_path.iterdir()) == []


def test_every_command_that_prints_prints_json_too() -> None:
    import typer

    from potstill.cli import app

    lines = {"predict"}  # prints JSON already, an object a line
    group = typer.main.get_command(app)
    commands = {**group.commands, **group.commands["recipes"].commands}
    without = [
        name
        for name, command in commands.items()
        if not hasattr(command, "commands") and not any("--json" in option.opts for option in command.params)
    ]
    assert set(without) == lines


def _all() -> Shorthands:
    return Shorthands.parse(GIVEN)
