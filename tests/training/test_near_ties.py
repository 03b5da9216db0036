"""Which of several scorings is chosen, by scores, their error and distances from the teacher that are given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from potstill.training import Scores
from potstill.training.choosing import Choice


def choose(scores, distances=None, *, error=0.0, **options):
    choice = Choice()
    for number, score in enumerate(scores):
        distance = None if distances is None else distances[number]
        margin = error[number] if isinstance(error, tuple) else error
        given = Scores(figures={"accuracy": score, "f1": -score}, error=margin, distance=distance)
        choice = choice.after(given, step=number + 1, epoch=(number + 1) / 2, **options)
    return choice


@pytest.mark.parametrize(
    ("scores", "distances", "error", "step"),
    [
        ((0.1, 0.9, 0.3), None, 0.0, 2),
        ((0.8, 0.9, 0.89, 0.87), None, 0.015, 3),  # the latest of those that cannot be told apart
        ((0.8, 0.9, 0.89, 0.87), (0.1, 0.3, 0.4, 0.2), 0.015, 2),  # the nearest of them
        ((0.8, 0.9, 0.89, 0.87), (0.1, 0.3, 0.2, 0.1), 0.015, 3),
        ((0.9, 0.885, 0.87, 0.855), (0.4, 0.3, 0.2, 0.1), 0.02, 2),  # no slide below the highest, step by step
        ((0.85, 0.86, 0.95), (0.1, 0.2, 0.9), 0.02, 3),  # a better score beats any distance
        ((0.5, 0.5), (0.2, 0.2), 0.0, 1),
        ((0.8, 0.9, 0.89), None, (0.2, 0.015, 0.0), 3),  # the error of the highest counts
        ((0.8, 0.9, 0.85), None, (0.0, 0.015, 0.2), 2),
    ],
)
def test_near_ties_go_to_the_nearest_to_the_teacher_or_the_latest(scores, distances, error, step):
    assert choose(scores, distances, error=error).step == step


def test_the_last_weights_are_taken_where_a_stage_chooses_none():
    assert choose((0.9, 0.1), (0.1, 0.9), takes_last=True).step == 2


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 5)), min_size=1, max_size=12), st.floats(0, 0.5), st.booleans())
def test_what_is_chosen_cannot_be_told_from_the_highest(scored, error, has_teacher):
    scores = [score for score, _ in scored]
    choice = choose(scores, [distance for _, distance in scored] if has_teacher else None, error=error)
    assert choice.score == scores[choice.step - 1]
    assert choice.score >= max(scores) - error
    assert choice.since_best == len(scores) - 1 - scores.index(max(scores))
    assert 1 <= choice.num_close <= len(scores)
    if not has_teacher:
        assert choice.step == max(step for step, score in enumerate(scores, 1) if score >= max(scores) - error)


def test_the_choice_is_told_with_the_highest_and_the_last_score():
    told = choose((0.8, 0.9, 0.89, 0.87), (0.1, 0.3, 0.2, 0.1), error=0.015).describe("accuracy")
    assert told == (
        "the weights of step 3 (epoch 1.5) go on: accuracy 0.8900; highest 0.9000, last 0.8700; 2 of 4 are within "
        "0.0150 of the highest: the one nearest to the teacher's answers"
    )
    assert choose((0.9,)).describe("f1") == "the weights of step 1 (epoch 0.5) go on: f1 0.9000"
