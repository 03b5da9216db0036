"""What `--set` can do to plain values: set, replace, drop and add, and what it says where it cannot."""

from inspect import isabstract
from typing import Any, get_args

import pytest

from potstill.config import Config
from potstill.errors import RecipeError
from potstill.kinds import find_kinds
from potstill.recipe import Recipe, load_recipe
from potstill.recipes import override_fields


def make() -> dict[str, Any]:
    soft = {"kind": "soft_labels", "temperature": 2.0}
    return {"stages": [{"name": "first", "objectives": [soft, {"kind": "hard_labels"}]}, {"name": "second"}]}


@pytest.mark.parametrize(
    ("override", "kinds"),
    [
        ("stages.first.objectives.soft_labels=none", ["hard_labels"]),
        ("stages.0.objectives.1=none", ["soft_labels"]),
        ('stages.first.objectives.hard_labels={kind="logits_mse"}', ["soft_labels", "logits_mse"]),
        ('stages.first.objectives.+={kind="logits_mse"}', ["soft_labels", "hard_labels", "logits_mse"]),
        ("stages.first.objectives.soft_labels.kind=logits_mse", ["logits_mse", "hard_labels"]),
    ],
)
def test_items_of_a_list_are_dropped_replaced_and_added(override: str, kinds: list[str]) -> None:
    values = make()
    override_fields(values, [override])
    assert [item["kind"] for item in values["stages"][0]["objectives"]] == kinds


def test_another_kind_drops_the_fields_of_the_one_before() -> None:
    values = make()
    override_fields(values, ["stages.first.objectives.soft_labels.kind=logits_mse"])
    assert values["stages"][0]["objectives"][0] == {"kind": "logits_mse"}


def test_another_kind_after_its_fields_is_refused_and_the_same_kind_is_not() -> None:
    weight = "stages.first.objectives.soft_labels.weight=2.0"
    with pytest.raises(RecipeError, match=r"^--set stages\S+kind=logits_mse: drops stages\S+weight, .* the kind first"):
        override_fields(make(), [weight, "stages.first.objectives.soft_labels.kind=logits_mse"])
    values = make()
    override_fields(values, [weight, "stages.first.objectives.soft_labels.kind=soft_labels"])
    assert values["stages"][0]["objectives"][0]["weight"] == 2.0
    override_fields(values, ["student.init.kind=random", "student.init.kind=svd"])  # a suite's, then its system's


@pytest.mark.parametrize(("table", "kind"), [("schedule", "constant"), ("optimizer", "adamw")])
def test_a_kind_with_the_same_fields_keeps_them(table: str, kind: str) -> None:
    values = make()
    values["stages"][0][table] = {"warmup": 0.05}
    override_fields(values, [f"stages.first.{table}.kind={kind}"])
    assert values["stages"][0][table] == {"warmup": 0.05, "kind": kind}
    override_fields(values, ["stages.first.optimizer.kind=adadelta"])
    assert values["stages"][0]["optimizer"] == {"kind": "adadelta"}


def test_the_kind_of_the_data_is_set_beside_where_they_lie() -> None:
    loaded = load_recipe("kd", overrides=["data.kind=regression"], fields={"data.path": "scores.csv"})
    assert (loaded.data.path, loaded.data.kind) == ("scores.csv", "regression")


def test_tables_of_one_sort_are_those_of_the_recipe() -> None:
    assert _one_sort(Recipe) == {"data", "schedule"}


def _one_sort(model: Any) -> set[str]:
    """Find the fields of configs, at any depth, that hold one config with a `kind` to choose."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        classes = [item for item in _classes(field.annotation) if issubclass(item, Config)]
        members = [one for item in classes for one in (find_kinds(item).values() if isabstract(item) else [item])]
        kinds = [member for member in members if "kind" in member.model_fields]
        if len(members) == 1 and kinds and len(get_args(members[0].model_fields["kind"].annotation)) != 1:
            found.add(name)
        found |= {inner for member in members for inner in _one_sort(member)}
    return found


def _classes(annotation: Any) -> list[type]:
    if isinstance(annotation, type) and not get_args(annotation):
        return [annotation]
    return [item for part in get_args(annotation) for item in _classes(part)]


def test_a_dropped_stage_is_gone() -> None:
    values = make()
    override_fields(values, ["stages.first=none"])
    assert [stage["name"] for stage in values["stages"]] == ["second"]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("stages.frist=none", r"^stages\.frist: the list has no item 'frist' \(0 \.\. 1\)\. Did you mean 'first'\?$"),
        ("stages.first.objectives.kl=none", r"no item 'kl' .*Known: hard_labels, soft_labels\.$"),
        ("stages.+=none", r"no item '\+'"),
        ("nothing", r"write it as path=value"),
        ("stages.first.name.x=1", r"^stages\.first\.name\.x: 'stages\.first\.name' is a single value"),
    ],
)
def test_what_is_not_there_cannot_be_dropped(override: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        override_fields(make(), [override])


def test_an_emptied_list_says_how_to_fill_it() -> None:
    with pytest.raises(RecipeError, match=r"the list is empty, so it has no item 'x'; '\+' adds one"):
        override_fields({"items": []}, ["items.x=none"])


@pytest.mark.parametrize("override", ["stages.distil=none", "stages.distil.objectives=[]"])
def test_a_recipe_without_stages_or_losses_is_refused(override: str) -> None:
    with pytest.raises(RecipeError, match=r"^stages.*list of 1 or more"):
        load_recipe("kd", overrides=[override])
