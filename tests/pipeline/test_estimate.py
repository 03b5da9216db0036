"""What a run will take: the teacher is counted as often as it will run."""

import pytest

from potstill.pipeline.estimate import count_teacher_passes
from potstill.recipe import load_recipe
from potstill.tensors import Needs

LAYERS = Needs(hidden_states=frozenset({0, 1}))
LOGITS = Needs(logits=True)


@pytest.mark.parametrize(
    ("needs", "settings", "passes"),
    [
        (LOGITS, (), 1.0),
        (LOGITS, ("teacher.store=false",), 3.0),
        (LAYERS, (), 3.0),
        (LAYERS, ("teacher.states=store",), 1.0),
        (LAYERS | LOGITS, (), 3.0),
        (LAYERS | LOGITS, ("teacher.states=store",), 2.0),
        (LAYERS | LOGITS, ("teacher.states=store", "teacher.store=false"), 4.0),
    ],
)
def test_the_teacher_is_counted_once_where_what_it_gives_is_stored(
    needs: Needs, settings: tuple[str, ...], passes: float
) -> None:
    recipe = load_recipe("kd", overrides=['stages.0.objectives=[{kind="hidden_states"}]', *settings])
    assert count_teacher_passes(recipe.teacher, recipe.stages[0], needs, epochs=3.0, stored=set()) == passes


def test_what_an_earlier_stage_has_stored_is_not_counted_again() -> None:
    recipe = load_recipe("kd")
    stored: set[str] = set()
    passes = [
        count_teacher_passes(recipe.teacher, recipe.stages[0], LOGITS, epochs=3.0, stored=stored) for _ in range(2)
    ]
    assert passes == [1.0, 0.0]
