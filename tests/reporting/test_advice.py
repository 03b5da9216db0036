"""What is said of a student beside its teacher, and advised where it is worse."""

import pytest
from made_up_runs import made_up_results

from potstill.recipe import load_recipe
from potstill.reporting import advise
from potstill.reporting.headline import make_sentences
from potstill.results import ChosenWeights


def results_with(interval, *, is_rising=False):
    results = made_up_results(roles=("teacher", "student"))
    weights = {"step": 40, "num_steps": 50, "score": 0.75, "num_scorings": 5}
    chosen = ChosenWeights(stage="distil", last=0.8, highest=0.8, is_rising=is_rising, **weights)
    models = tuple(
        model.model_copy(update={"chosen": (chosen,)} if model.role == "student" else {}) for model in results.models
    )
    (pair,) = results.comparisons
    return results.model_copy(
        update={"models": models, "comparisons": (pair.model_copy(update={"interval": interval}),)}
    )


def advice_for(name, results, *overrides, may_vary_texts=True):
    return advise(results, load_recipe(name, overrides=overrides).to_json(), may_vary_texts=may_vary_texts)


WORSE = (-0.05, -0.01)


@pytest.mark.parametrize("interval", [(-0.05, 0.0), (-0.02, 0.01), (0.01, 0.02)])
def test_a_student_that_is_not_worse_by_more_than_chance_needs_no_advice(interval):
    assert advice_for("kd", results_with(interval)) == ()


@pytest.mark.parametrize(
    ("interval", "said"),
    [
        ((0.01, 0.03), "the student is better by more than chance."),
        ((-0.03, -0.01), "the student is worse by more than chance."),
        ((-0.01, 0.03), "these examples do not tell the two apart."),
    ],
)
def test_a_difference_is_told_in_words(interval, said):
    results = results_with(interval)
    (pair,) = results.comparisons
    pair = pair.model_copy(update={"difference": sum(interval) / 2})
    sentences = make_sentences(results.model_copy(update={"comparisons": (pair,)}))
    (told,) = (sentence for sentence in sentences if "points from it, 95 % interval" in sentence)
    assert told.endswith(said)


def test_the_cheapest_comes_first():
    assert advice_for("kd", results_with(WORSE, is_rising=True)) == (
        "train longer: the score of stage 'distil' was still rising at its last scoring; --set stages.distil.epochs=10",
        "follow the teacher's layers too: recipe 'house' instead of 'kd'",
        "take a larger student: --set student.num_layers (now 0.67) or student.hidden_size (now 0.5)",
        "give the teacher more texts to answer: --unlabeled FILE, or --set stages.distil.data=augmented "
        "--set augmentation.method.kind=tang",
    )


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (("stages.0.epochs=2",), "--set stages.distil.epochs=4"),
        (("stages.0.epochs={passes = 2, max_steps = 50}",), "stages.distil.epochs=none --set stages.distil.steps=100"),
        (("stages.0.epochs=none", "stages.0.steps=50"), "--set stages.distil.steps=100"),
    ],
)
def test_a_stage_that_was_still_rising_is_to_be_twice_as_long(overrides, told):
    said = advice_for("kd", results_with(WORSE, is_rising=True), *overrides)[0]
    assert said.endswith(told)
    settings = [each.strip() for each in said.partition("--set")[2].split("--set")]
    load_recipe("kd", overrides=[*overrides, *settings])


@pytest.mark.parametrize(
    ("name", "overrides", "has"),
    [
        ("kd", (), {"recipe 'house'": True, "larger": True, "tang": True}),
        ("kd-hidden", (), {"recipe 'house'": False, "larger": True, "tang": True}),
        ("bilstm-soft", (), {"recipe 'house'": False, "larger": False}),
        ("kd", ("stages.0.data=augmented", "augmentation.method.kind=tang"), {"recipe 'house'": True, "tang": False}),
    ],
)
def test_only_what_the_run_has_not_done_is_advised(name, overrides, has):
    said = " ".join(advice_for(name, results_with(WORSE), *overrides))
    assert {word: word in said for word in has} == has
    assert "train longer" not in said


def test_texts_that_cannot_be_varied_are_not_advised_to_be():
    said = advice_for("kd", results_with(WORSE), may_vary_texts=False)
    assert said[-1] == "give the teacher more texts to answer: --unlabeled FILE"
    given = advice_for("kd", results_with(WORSE), 'data.unlabeled=["more.txt"]', may_vary_texts=False)
    assert "more texts" not in " ".join(given)
