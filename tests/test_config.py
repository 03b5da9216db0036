"""A wrong field is named with its path, its value and what is allowed."""

from collections.abc import Iterator
from typing import Any

import pytest

from potstill.errors import RecipeError
from potstill.recipe import Recipe, load_recipe
from potstill.students import BertStudentConfig


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("stages.0.epoch=2", r"^stages\.0\.epoch: no such field\. Did you mean 'epochs'\?$"),
        (
            "stages.distil.epochs=-1",
            r"^stages\.0\.epochs: must be a number greater than 0\.0 or a table of fields, not -1\.$",
        ),
        (
            "stages.distil.objectives.soft_labels.temprature=2",
            r"^stages\.0\.objectives\.0\.temprature: no such field\. Did you mean 'temperature'",
        ),
        (
            "stages.0.objectives.0.kind=soft_label",
            r"^stages\.0\.objectives\.0\.kind: unknown kind 'soft_label'\. Did you mean 'soft_labels'",
        ),
        ("stages.0.objectives.kl.weight=2", r"^stages\.0\.objectives\.kl: the list has no item 'kl'"),
        ("student.num_layers=two", r"^student\.num_layers: must be a number, not 'two'\.$"),
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


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("seed=true", r"^seed: must be a number, not true\.$"),
        ("stages.0.epochs=true", r"^stages\.0\.epochs: must be a number, not true\.$"),
        ("student.num_layers=false", r"^student\.num_layers: must be a number, not false\.$"),
        ("student.init.layers=[1, true]", r"^student\.init\.layers: must be a number, not true\.$"),
        ("compile=1", r"^compile: must be true or false, not 1\.$"),
        ("teacher.store=0.0", r"^teacher\.store: must be true or false, not 0\.0\.$"),
    ],
)
def test_a_truth_value_is_no_number_and_a_number_no_truth_value(override: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        load_recipe("kd", overrides=[override])


def test_whole_numbers_may_be_written_with_a_point_and_others_without() -> None:
    recipe = load_recipe("kd", overrides=["seed=3.0", "stages.0.epochs=3"])
    assert (recipe.seed, recipe.stages[0].epochs) == (3, 3.0)
    for written, kind in (("1", int), ("1.0", float)):
        student = load_recipe("kd", overrides=[f"student.hidden_size={written}"]).student
        assert isinstance(student, BertStudentConfig)
        assert type(student.hidden_size) is kind, "one unit, or all of the source's"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "stages.0.objectives.0.layer_map=[]",
            r"^stages\.0\.objectives\.0\.layer_map: must be 'uniform', .* or a list of 1 or more, not \[\]\.$",
        ),
        ("stages.0.objectives.0.layer_map=[1.5]", r"layer_map\.0: must be a whole number, not 1\.5\.$"),
        ("student=bert", r"^student: must be a table of fields, not 'bert'; to choose a sort, set student\.kind\.$"),
        ("stages.0.optimizer=3", r"optimizer: must be a table of fields, not 3; .* set stages\.0\.optimizer\.kind\.$"),
        ("student.num_layers=0", r"must be a whole number at least 1 or a number greater than 0\.0, not 0\.$"),
        ("teacher=abc", r"^teacher: must be a table of fields, not 'abc'\.$"),
        ("seed=none", r"^seed: must be a whole number, not none\.$"),
    ],
)
@pytest.mark.parametrize("recipe", ["kd-hidden", "tinybert-4x312"])
def test_what_is_allowed_is_told_in_words_of_recipes(recipe: str, override: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        load_recipe(recipe, overrides=[override])


WRONG: tuple[Any, ...] = ("abc", "", [], [1], ["abc"], {}, {"a": 1}, {"kind": 3}, 3, -1, 2.5, True, None, 1e30, 10**30)
JARGON = ("input", "valid", "tuple", "dictionary", "instance", "extract", "discriminator", "parse", "True", "None")


def test_no_wrong_value_of_any_field_is_answered_in_the_words_of_a_library() -> None:
    told, tried = set(), set()
    for name in ("bilstm-soft", "minilm", "tinybert-4x312"):
        full = load_recipe(name).to_json()
        for holder, key, field in _fields(full):
            if field in tried:  # in another stage or recipe
                continue
            tried.add(field)
            right = holder[key]
            for wrong in WRONG:
                holder[key] = wrong
                try:
                    Recipe.parse(full)
                except RecipeError as error:
                    told.add(str(error))
            holder[key] = right
    assert len(told) > 1_000
    assert [text for text in told if any(word in text for word in JARGON)] == []


def _fields(values: Any, kinds: tuple[str, ...] = ()) -> Iterator[tuple[Any, Any, tuple[str, ...]]]:
    """Give every field and item of plain values: what holds it, its name or position there, and which field it is."""
    for key in list(values) if isinstance(values, dict) else range(len(values)):
        own = (key, values.get("kind", "")) if isinstance(values, dict) else (*kinds, "item")
        yield values, key, own
        if isinstance(values[key], dict | list):
            yield from _fields(values[key], own)
