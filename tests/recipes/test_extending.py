"""A recipe that extends another: what is merged, added, replaced and left out, and what is refused."""

import json
import tomllib
from pathlib import Path

import pytest

from potstill.errors import RecipeError
from potstill.recipe import Recipe, load_recipe
from potstill.recipes import read_recipe_file, shipped_recipes, to_toml

STAGE = '[[stages]]\nname = "distil"\n'


def write(folder: Path, text: str, name: str = "mine.toml") -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


def test_what_is_not_said_is_the_others(tmp_path: Path) -> None:
    mine = load_recipe(write(tmp_path, 'extends = "kd"\nseed = 3'))
    assert mine == load_recipe("kd", overrides=["seed=3"])


def test_tables_merge_and_another_kind_takes_their_place(tmp_path: Path) -> None:
    text = 'extends = "kd"\n[student]\nnum_layers = 2\n[student.init]\nkind = "random"\n'
    mine = load_recipe(write(tmp_path, text))
    assert mine == load_recipe("kd", overrides=["student.num_layers=2", "student.init.kind=random"])


def test_stages_are_matched_by_name_and_objectives_by_kind(tmp_path: Path) -> None:
    text = """
    extends = "kd"
    [[stages]]
    name = "distil"
    epochs = 1
    [[stages.objectives]]
    kind = "soft_labels"
    temperature = 4.0
    [[stages.objectives]]
    kind = "hard_labels"
    [[stages]]
    name = "more"
    objectives = [{ kind = "hard_labels" }]
    epochs = 2
    """
    distil, more = load_recipe(write(tmp_path, text)).stages
    assert [(each.kind, each.when) for each in distil.objectives] == [
        ("soft_labels", "classification"),
        ("logits_mse", "regression"),
        ("hard_labels", "always"),
    ]
    assert (distil.epochs, distil.objectives[0].temperature, distil.optimizer.learning_rate) == (1, 4.0, 5e-4)
    assert (more.name, more.epochs) == ("more", 2)


def test_other_lists_take_the_place_of_those_before(tmp_path: Path) -> None:
    text = 'extends = "minilm"\npublished = ["a line"]\n[[stages]]\nname = "general"\n[[stages.objectives]]\n'
    name = write(tmp_path, text + 'kind = "relations"\npairs = ["key-key"]')
    assert load_recipe(name).stages[0].objectives[0].pairs == ("key-key",)
    assert read_recipe_file(name).published == ("a line",)


def test_ablations_and_published_lines_are_inherited(tmp_path: Path) -> None:
    text = 'extends = "bert-pkd-6"\nwithout = ["ablations.raw"]\n[ablations.kd]\ndoc = "ours"\n'
    mine, theirs = read_recipe_file(write(tmp_path, text)), read_recipe_file("bert-pkd-6")
    assert set(mine.ablations) == set(theirs.ablations) - {"raw"}
    assert mine.ablations["kd"].doc == "ours"
    assert mine.ablations["kd"].set == theirs.ablations["kd"].set
    assert mine.published == theirs.published


def test_parts_are_left_out(tmp_path: Path) -> None:
    text = (
        'extends = "tinybert-4x312"\nwithout = ["stages.general", "stages.prediction.objectives.logits_mse", "paper"]'
    )
    mine = load_recipe(write(tmp_path, text))
    assert [stage.name for stage in mine.stages] == ["intermediate", "prediction"]
    assert [each.kind for each in mine.stages[1].objectives] == ["soft_labels"]
    assert mine.paper is None


def test_a_chain_is_followed_from_each_files_own_folder(tmp_path: Path) -> None:
    (tmp_path / "deeper").mkdir()
    write(tmp_path, 'extends = "kd"\nseed = 1\nprecision = "fp32" # exact')
    write(tmp_path / "deeper", 'extends = "../mine.toml"\nseed = 2 # other', "last.toml")
    file = read_recipe_file(str(tmp_path / "deeper" / "last.toml"))
    recipe = load_recipe(file.name)
    assert (recipe.seed, recipe.precision) == (2, "fp32")
    told = {path: (Path(each.recipe).name, each.comment) for path, each in file.sources.items()}
    assert told["seed"] == ("last.toml", "other")
    assert told["precision"] == ("mine.toml", "exact")
    assert told["stages.distil.objectives.soft_labels.temperature"] == ("kd", None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('extends = "mine.toml"', "extends itself: .*mine.toml extends .*mine.toml"),
        ('extends = "kdd"', "recipe 'kdd' does not exist. Did you mean 'kd'"),
        ('extends = "gone.toml"', "gone.toml' does not exist"),
        ('without = ["paper"]', "extends none that it could leave something out of"),
        ("extends = 3", "mine.toml.extends: "),
        (
            'extends = "kd"\nwithout = ["stages.distill"]',
            "extends 'kd': without: 'stages.distill' .*Did you mean 'distil'",
        ),
        ('extends = "kd"\nwithout = ["seed.x"]', "without: 'seed.x' is not there"),
        ('extends = "kd"\n[[stages]]\nepochs = 1', "stages: an item has neither name nor kind"),
        (
            'extends = "kd"\n[[stages]]\nname = "distil"\n[[stages]]\nname = "distil"',
            "stages: there are two items 'distil'",
        ),
    ],
)
def test_what_cannot_be_extended_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        load_recipe(write(tmp_path, text))


def test_two_objectives_of_a_kind_cannot_be_told_apart(tmp_path: Path) -> None:
    twice = (
        '[[stages]]\nname = "distil"\nobjectives = [{ kind = "hard_labels" }, { kind = "hard_labels", weight = 2.0 }]'
    )
    write(tmp_path, f'extends = "kd"\nwithout = ["stages.distil"]\n{twice}', "twice.toml")
    text = (
        'extends = "twice.toml"\n[[stages]]\nname = "distil"\n[[stages.objectives]]\nkind = "hard_labels"\nweight = 3.0'
    )
    with pytest.raises(RecipeError, match="stages.distil.objectives: there are two items 'hard_labels'"):
        load_recipe(write(tmp_path, text))


@pytest.mark.parametrize("name", shipped_recipes())
def test_a_resolved_recipe_is_the_same_in_toml(name: str, tmp_path: Path) -> None:
    resolved = load_recipe(name)
    text = to_toml(resolved.to_json())
    assert Recipe.parse(tomllib.loads(text)) == resolved
    assert load_recipe(write(tmp_path, text)) == load_recipe(write(tmp_path, json.dumps(resolved.to_json()), "a.json"))


def test_strings_survive_toml() -> None:
    values = {"a": 'say "it"\n\t\\ é \x7f \u2028', "b": [1, 2.5, True, "x"], "c": {"d": []}, "e": None}
    assert tomllib.loads(to_toml(values)) == {key: value for key, value in values.items() if value is not None}
