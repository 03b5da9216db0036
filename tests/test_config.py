"""A wrong field is named with its path, its value and what is allowed."""

import pytest

from potstill.errors import RecipeError
from potstill.recipe import load_recipe


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("stages.0.epoch=2", r"^stages\.0\.epoch: no such field\. Did you mean 'epochs'\?$"),
        ("stages.distil.epochs=-1", r"^stages\.0\.epochs: input should be greater than 0, not -1\.$"),
        (
            "stages.distil.objectives.soft_labels.temprature=2",
            r"^stages\.0\.objectives\.0\.temprature: no such field\. Did you mean 'temperature'",
        ),
        (
            "stages.0.objectives.0.kind=soft_label",
            r"^stages\.0\.objectives\.0\.kind: unknown kind 'soft_label'\. Did you mean 'soft_labels'",
        ),
        ("stages.0.objectives.kl.weight=2", r"^stages\.0\.objectives\.kl: the list has no item 'kl'"),
        ("student.num_layers=two", r"^student\.num_layers: .*integer.*, not 'two'\.$"),
        ("student.init.kind=teachers_layers", r"^student\.init\.kind: unknown kind .* Did you mean 'teacher_layers'"),
        ("student.init.layers=middle", r"^student\.init\.layers: .*'uniform'.*not 'middle'"),
        ("student.size=3", r"^student\.size: no such field\. Known: "),
        ("seed.x=1", r"^seed\.x: 'seed' is a single value and has no fields\.$"),
        ("nonsense", r"^--set nonsense: write it as path=value"),
        ("stages.0.steps=5", r"set exactly one of epochs \(5\.0\) and steps \(5\), the other to none"),
    ],
)
def test_the_message_names_path_value_and_cure(override: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        load_recipe("kd", overrides=["seed=1", override] if not override.startswith("seed.") else ["seed=1", override])


def test_items_of_lists_are_found_by_position_name_and_kind() -> None:
    for path in ("stages.0.objectives.0", "stages.distil.objectives.soft_labels", "stages.distil.objectives.0"):
        recipe = load_recipe("kd", overrides=[f"{path}.temperature=7.5"])
        assert recipe.stages[0].objectives[0].model_dump()["temperature"] == 7.5


def test_none_takes_a_value_away() -> None:
    recipe = load_recipe("kd", overrides=["stages.0.epochs=none", "stages.0.steps=9", "stages.0.clip_norm=none"])
    assert (recipe.stages[0].epochs, recipe.stages[0].steps, recipe.stages[0].clip_norm) == (None, 9, None)


def test_resolved_recipe_is_its_own_fixed_point() -> None:
    recipe = load_recipe("kd-hidden")
    assert type(recipe).parse(recipe.to_json()) == recipe


def test_another_kind_drops_the_fields_of_the_one_before() -> None:
    recipe = load_recipe("kd", overrides=["student.init.kind=random"])
    assert recipe.to_json()["student"]["init"] == {"kind": "random"}
