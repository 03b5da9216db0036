"""What a run will take: the teacher is counted as often as it will run."""

import pytest

from potstill.pipeline.estimate import count_teacher_passes
from potstill.recipe import load_recipe

LAYERS = '{kind="hidden_states"}'
LOGITS = '{kind="soft_labels"}'


@pytest.mark.parametrize(
    ("objectives", "settings", "passes"),
    [
        (LOGITS, (), 1.0),
        (LOGITS, ("teacher.store=false",), 3.0),
        (LAYERS, (), 3.0),
        (LAYERS, ("teacher.states=store",), 1.0),
        (f"{LAYERS}, {LOGITS}", (), 3.0),
        (f"{LAYERS}, {LOGITS}", ("teacher.states=store",), 2.0),
        (f"{LAYERS}, {LOGITS}", ("teacher.states=store", "teacher.store=false"), 4.0),
        ('{kind="hard_labels"}', (), 0.0),
    ],
)
def test_the_teacher_is_counted_once_where_what_it_gives_is_stored(
    objectives: str, settings: tuple[str, ...], passes: float
) -> None:
    recipe = load_recipe("kd", overrides=[f"stages.0.objectives=[{objectives}]", *settings])
    assert count_teacher_passes(recipe.teacher, recipe.stages[0], epochs=3.0, stored=set()) == passes


def test_what_an_earlier_stage_has_stored_is_not_counted_again() -> None:
    recipe = load_recipe("kd")
    stored: set[str] = set()
    passes = [count_teacher_passes(recipe.teacher, recipe.stages[0], epochs=3.0, stored=stored) for _ in range(2)]
    assert passes == [1.0, 0.0]
