"""What is said of the teacher's and the start's worth, and of which figures count."""

from datetime import UTC, datetime

import pytest

from potstill.results import (
    Comparison,
    ModelResult,
    Parameters,
    QuotedModel,
    QuotedResults,
    Results,
    describe_results,
    describe_worth,
    find_warnings,
    make_table,
)

ROLES = ("teacher", "student", "student_hard_labels", "student_base_start", "student_random_start")


def compare(other, low, high, *, model="student"):
    return Comparison(model=model, other=other, difference=(low + high) / 2, interval=(low, high))


def make_results(*comparisons, between=(), test=None, **fields):
    models = tuple(
        ModelResult(
            role=role,
            name="tiny",
            metrics={"accuracy": 0.9},
            interval=(0.88, 0.92),
            num_examples=500,
            parameters=Parameters(embeddings=1, encoder=1, pooler=0, head=0, total=2),
            size_bytes=8,
        )
        for role in ROLES
    )
    return Results(
        task="made-up",
        primary_metric="accuracy",
        num_examples=500,
        models=models,
        comparisons=comparisons,
        between_controls=between,
        test=test,
        environment={},
        created=datetime(2030, 1, 1, tzinfo=UTC),
        **fields,
    )


def make_test(*comparisons):
    models = tuple(QuotedModel(role=role, metrics={"accuracy": 0.8}, interval=(0.7, 0.9)) for role in ROLES)
    return QuotedResults(num_examples=300, models=models, comparisons=comparisons)


def test_what_cannot_be_told_from_nothing_is_said_to_be_so():
    pairs = compare("student_hard_labels", -0.003, 0.023), compare("student_random_start", 0.05, 0.09)
    start = compare("student_random_start", 0.04, 0.08, model="student_hard_labels")
    assert describe_worth(make_results(compare("teacher", -0.1, 0.0), *pairs, between=(start,))) == (
        "The teacher is worth +1.0 [-0.3, +2.3] points of accuracy on dev, against labels only from the same start: it "
        "cannot be told from nothing.",
        "Its start is worth +6.0 [+4.0, +8.0] points of accuracy on dev, against random weights.",
    )


def test_without_the_same_start_teacher_and_start_are_worth_what_they_are_together():
    pair = compare("student_base_start", 0.01, 0.03)
    start = compare("student_random_start", -0.04, -0.01, model="student_base_start")
    assert describe_worth(make_results(pair, between=(start,))) == (
        "Teacher and start together are worth +2.0 [+1.0, +3.0] points of accuracy on dev, against labels only from "
        "the pre-trained base.",
        "A start from the pre-trained base is worth -2.5 [-4.0, -1.0] points of accuracy on dev, against random "
        "weights: it did harm.",
    )
    assert describe_worth(make_results(compare("teacher", -0.1, 0.0))) == ()


@pytest.mark.parametrize(("low", "high", "is_told"), [(-0.05, -0.01, True), (-0.05, 0.0, False), (0.01, 0.02, False)])
def test_harm_is_told_above_all_else(low, high, is_told):
    results = make_results(compare("teacher", -0.1, 0.0), compare("student_hard_labels", low, high))
    harm = find_warnings(results)
    assert len(harm) == is_told
    if harm:
        assert describe_results(results).splitlines()[0] == harm[0]
        assert "worse than the same start on labels only" in harm[0]


def test_what_is_said_is_said_of_the_test_set_where_there_is_one():
    tested = make_test(compare("student_hard_labels", -0.05, -0.01))
    results = make_results(compare("student_hard_labels", 0.01, 0.02), test=tested, chosen_on="dev")
    assert "-3.0 [-5.0, -1.0] points of accuracy on test" in str(find_warnings(results))
    table = make_table(results)
    rows = {row[0]: row[1] for row in table.rows}
    assert rows["accuracy, test"] == "80.0\n[70.0, 90.0]"
    assert rows["accuracy, dev\n(chosen on)"] == "90.0\n[88.0, 92.0]"
    assert "student minus labels only on test: -3.0 [-5.0, -1.0] accuracy" in table.notes
    assert (results.quoted, make_results().quoted.split) == (tested, "dev")


@pytest.mark.parametrize(
    ("chosen_on", "label", "note"),
    [
        (None, "accuracy", None),
        ("dev", "accuracy\n(chosen on)", "dev also chose the weights, so its figures are a little too good"),
        ("train", "accuracy", "the weights were chosen on a part of train, and nothing on dev"),
        ("nothing", "accuracy", "the last weights were taken: nothing was chosen on dev"),
    ],
)
def test_figures_that_were_chosen_on_are_marked(chosen_on, label, note):
    table = make_table(make_results(chosen_on=chosen_on))
    assert table.rows[0][0] == label
    assert (note in table.notes) == (note is not None)
