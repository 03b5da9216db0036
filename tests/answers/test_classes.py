"""Figures of each class, the confusion, and McNemar's test, against scikit-learn and plain Python."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from measuring import compute_metrics, paired_intervals
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from potstill.answers import LabelRows, OneClass
from potstill.data import Task

NAMES = ("animal", "mineral", "vegetable", "none")


def task_with(metric="accuracy", names=NAMES):
    return Task(name="made-up", answer=OneClass(label_names=names), is_pair=False, metrics=(metric,))


labels = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60)


@given(labels)
def test_class_figures_are_scikit_learns(pairs):
    predicted, gold = map(np.array, zip(*pairs, strict=True))
    figures = task_with().answer.details(np.eye(4)[predicted], LabelRows.one_each(gold))["classes"]
    expected = precision_recall_fscore_support(gold, predicted, labels=range(4), zero_division=0)
    for index, row in enumerate(figures):
        assert row.label == NAMES[index]
        assert (row.precision, row.recall, row.f1, row.support) == pytest.approx([part[index] for part in expected])


@given(labels)
def test_the_confusion_is_scikit_learns(pairs):
    predicted, gold = map(np.array, zip(*pairs, strict=True))
    table = task_with().answer.details(np.eye(4)[predicted], LabelRows.one_each(gold))["confusion"]
    matrix = [[table.get(row, {}).get(column, 0) for column in NAMES] for row in NAMES]
    assert np.array_equal(matrix, confusion_matrix(gold, predicted, labels=range(4)))
    assert all(count > 0 for row in table.values() for count in row.values())


def mcnemar(student, other):
    """Compare two models of examples whose class is 1."""
    gold = LabelRows.one_each(np.ones(len(student), dtype=np.int64))
    return OneClass(label_names=NAMES[:2]).mcnemar(student, other, gold)


def slow_mcnemar(first, second):
    """Add up the probabilities of all splits of n fair coins that are no likelier than the one seen."""
    number = first + second
    seen = math.comb(number, first)
    return sum(math.comb(number, k) for k in range(number + 1) if math.comb(number, k) <= seen) / 2**number


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 20), st.integers(0, 20))
def test_mcnemars_test_is_the_exact_binomial_one(only_student, only_other, both, neither):
    right = [(1, 0)] * only_student + [(0, 1)] * only_other + [(1, 1)] * both + [(0, 0)] * neither
    if not right:
        return
    student, other = (np.eye(2)[list(column)] for column in zip(*right, strict=True))
    test = mcnemar(student, other)
    assert (test.only_student, test.only_other) == (only_student, only_other)
    assert test.p_value == pytest.approx(slow_mcnemar(only_student, only_other))


def test_mcnemars_test_by_hand():
    # 1 against 9 of ten coins: 2 (C(10, 0) + C(10, 1)) / 2^10 = 22 / 1024.
    student, other = np.eye(2)[[1] + [0] * 9], np.eye(2)[[0] + [1] * 9]
    assert mcnemar(student, other).p_value == pytest.approx(22 / 1024)


def test_the_interval_of_the_share_equals_a_bootstrap_over_rows():
    generator = np.random.default_rng(0)
    gold = generator.integers(2, size=300)
    student, other = (np.eye(2)[np.where(generator.random(300) < right, gold, 1 - gold)] for right in (0.8, 0.9))
    task = task_with("matthews", NAMES[:2])

    def score(logits, rows):
        return compute_metrics(task, logits[rows], gold[rows])["matthews"]

    draws = [generator.integers(300, size=300) for _ in range(1_000)]
    slow = [score(student, rows) / score(other, rows) for rows in draws]
    share = paired_intervals(task, student, other, gold).share
    assert share == pytest.approx(np.quantile(slow, [0.025, 0.975]), abs=0.03)


def test_there_is_no_share_of_a_model_that_may_be_worth_nothing():
    gold = np.array([0, 1] * 20)
    useless = np.eye(2)[[0, 1, 1, 0] * 10]
    assert paired_intervals(task_with("matthews", NAMES[:2]), np.eye(2)[gold], useless, gold).share is None
