"""What is said above all else of a model that is worth less than it seems."""

import pytest
from made_up_runs import made_up_results

from potstill.reporting.headline import make_sentences
from potstill.results import BagOfWords, ChosenWeights, ClassFigures, describe_results, find_warnings


def results_with(**teacher):
    results = made_up_results(roles=("teacher", "student"))
    models = tuple(
        model.model_copy(update=teacher if model.role == "teacher" else {"classes": ()}) for model in results.models
    )
    return results.model_copy(update={"models": models, "bag_of_words": None})


def training(*, is_rising):
    weights = {"step": 690, "num_steps": 690, "score": 0.67, "highest": 0.67, "last": 0.67, "num_scorings": 10}
    return (ChosenWeights(stage="finetune", is_rising=is_rising, **weights),)


def found(label, *, recall, support):
    return ClassFigures(label=label, precision=recall, recall=recall, f1=recall, support=support)


def words(lead, low, high, *, score=0.8):
    return BagOfWords(score=score, num_texts=3_000, model="teacher", lead=lead, interval=(low, high))


RISING = {"chosen": training(is_rising=True)}
MISSED = {"classes": (found("rare", recall=0.0, support=12), found("common", recall=0.9, support=80))}


@pytest.mark.parametrize(
    ("teacher", "told"),
    [
        (RISING, "still rising at the end of its training (67.0 after 690 steps)"),
        (MISSED, "never finds 1 of 2 classes, with so many examples: 'rare' (12)"),
    ],
)
def test_a_teacher_with_a_fault_is_told_in_summary_and_report(teacher, told):
    results = results_with(**({"chosen": (), "classes": ()} | teacher))
    (warning,) = find_warnings(results)
    assert told in warning
    assert describe_results(results).startswith(warning)
    assert make_sentences(results)[0] == warning


@pytest.mark.parametrize(
    ("lead", "low", "high", "score", "is_told"),
    [
        (0.01, -0.01, 0.03, 0.8, True),
        (-0.02, -0.04, -0.01, 0.8, True),
        (0.05, 0.02, 0.08, 0.8, False),
        (0.0, 0.0, 0.0, 1.0, False),
        (-0.01, -0.02, 0.0, 1.0, False),
        (-0.02, -0.03, -0.01, 1.0, True),
        (0.009, -0.01, 0.02, 0.99, False),
    ],
)
def test_a_teacher_that_knows_no_more_than_a_bag_of_words_is_told_so(lead, low, high, score, is_told):
    results = results_with(chosen=(), classes=())
    results = results.model_copy(update={"bag_of_words": words(lead, low, high, score=score)})
    assert [("bag of words" in each) for each in find_warnings(results)] == [True] * is_told


def test_nothing_is_said_of_a_teacher_that_has_no_fault():
    sound = {"chosen": training(is_rising=False), "classes": (found("a", recall=0.5, support=9),)}
    assert find_warnings(results_with(**sound)) == ()
    few = {"chosen": (), "classes": (found("rare", recall=0.0, support=2),)}
    assert find_warnings(results_with(**few)) == ()
