"""Metrics against slow plain-Python references, scikit-learn and scipy."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from measuring import compute_metrics
from scipy import stats
from sklearn import metrics as sklearn_metrics

from potstill.answers import OneClass
from potstill.answers.score import Score
from potstill.data import Task

CLASS_METRICS: tuple[str, ...] = ("accuracy", "macro_f1", "matthews")
SCORE_METRICS: tuple[str, ...] = ("pearson", "spearman", "pearson_spearman")


def classes(num_labels, metrics=None):
    return Task(
        name="made-up",
        answer=OneClass(label_names=tuple(map(str, range(num_labels)))),
        is_pair=False,
        metrics=metrics or (CLASS_METRICS if num_labels != 2 else (*CLASS_METRICS, "f1")),
    )


SCORES = Task(name="made-up", answer=Score(), is_pair=True, metrics=SCORE_METRICS)


def logits_of(predicted, num_labels):
    """Logits whose argmax are the given classes."""
    return np.eye(num_labels, dtype=np.float32)[list(predicted)] * 3 - 1


def slow_f1(gold, predicted, positive):
    hits = sum(1 for g, p in zip(gold, predicted, strict=True) if g == p == positive)
    false_alarms = sum(1 for g, p in zip(gold, predicted, strict=True) if p == positive != g)
    misses = sum(1 for g, p in zip(gold, predicted, strict=True) if g == positive != p)
    if hits == 0:
        return 0.0
    precision, recall = hits / (hits + false_alarms), hits / (hits + misses)
    return 2 * precision * recall / (precision + recall)


def slow_matthews(gold, predicted):
    """Correlation of one-hot labels, summed over the classes: Gorodkin's own definition."""
    num_examples, labels = len(gold), sorted({*gold, *predicted})

    def covariance(first, second):
        total = 0.0
        for label in labels:
            first_mean = sum(x == label for x in first) / num_examples
            second_mean = sum(x == label for x in second) / num_examples
            for x, y in zip(first, second, strict=True):
                total += ((x == label) - first_mean) * ((y == label) - second_mean)
        return total

    if len(set(gold)) == 1 or len(set(predicted)) == 1:
        return 0.0
    return covariance(gold, predicted) / math.sqrt(covariance(gold, gold) * covariance(predicted, predicted))


def slow_pearson(first, second):
    if len(set(first)) == 1 or len(set(second)) == 1:
        return 0.0
    first_mean, second_mean = math.fsum(first) / len(first), math.fsum(second) / len(second)
    covariance = math.fsum((x - first_mean) * (y - second_mean) for x, y in zip(first, second, strict=True))
    first_spread = math.fsum((x - first_mean) ** 2 for x in first)
    second_spread = math.fsum((y - second_mean) ** 2 for y in second)
    return covariance / math.sqrt(first_spread * second_spread)


def slow_ranks(values):
    """Ranks from 1; equal values share the mean of the ranks they take up."""
    below = {value: sum(other < value for other in values) for value in values}
    times = Counter(values)
    return [below[value] + (times[value] + 1) / 2 for value in values]


def test_the_published_oracle_of_a_binary_task_is_met():
    gold = np.array([1, 1, 1, 1, 0, 0, 0, 1, 0, 1])
    predicted = [1, 1, 0, 1, 0, 1, 0, 1, 0, 1]
    task = classes(2, ("accuracy", "f1", "matthews"))
    metrics = compute_metrics(task, logits_of(predicted, 2), gold)
    assert list(metrics) == ["accuracy", "f1", "matthews"]
    assert metrics["accuracy"] == pytest.approx(0.8)
    assert metrics["f1"] == pytest.approx(0.8333333333)
    assert metrics["matthews"] == pytest.approx(0.5833333333)


def test_the_published_oracle_of_a_regression_is_met():
    gold = np.array([0, 1, 2.5, 4, 5], dtype=np.float32)
    logits = np.array([[0.2], [0.9], [3.5], [3.0], [4.4]])
    metrics = compute_metrics(SCORES, logits, gold)
    assert metrics["pearson"] == pytest.approx(0.9304463528)
    assert metrics["spearman"] == pytest.approx(0.9)
    assert metrics["pearson_spearman"] == pytest.approx(0.9152231764)


@st.composite
def labelled_examples(draw):
    num_labels = draw(st.integers(2, 5))
    pairs = draw(st.lists(st.tuples(*[st.integers(0, num_labels - 1)] * 2), min_size=1, max_size=40))
    gold, predicted = zip(*pairs, strict=True)
    return num_labels, list(gold), list(predicted)


@given(labelled_examples())
def test_class_metrics_equal_their_definitions(examples):
    num_labels, gold, predicted = examples
    metrics = compute_metrics(classes(num_labels), logits_of(predicted, num_labels), np.array(gold))
    occurring = {*gold, *predicted}
    assert metrics["accuracy"] == pytest.approx(sum(map(int.__eq__, gold, predicted)) / len(gold))
    assert metrics["macro_f1"] == pytest.approx(
        sum(slow_f1(gold, predicted, label) for label in occurring) / len(occurring)
    )
    assert metrics["matthews"] == pytest.approx(slow_matthews(gold, predicted), abs=1e-9)
    if num_labels == 2:
        assert metrics["f1"] == pytest.approx(slow_f1(gold, predicted, 1))


def test_class_metrics_equal_those_of_scikit_learn():
    generator = np.random.default_rng(0)
    for num_labels in (2, 3, 7):
        gold, predicted = generator.integers(num_labels, size=(2, 200))
        metrics = compute_metrics(classes(num_labels), logits_of(predicted, num_labels), gold)
        assert metrics["accuracy"] == pytest.approx(sklearn_metrics.accuracy_score(gold, predicted))
        assert metrics["macro_f1"] == pytest.approx(sklearn_metrics.f1_score(gold, predicted, average="macro"))
        assert metrics["matthews"] == pytest.approx(sklearn_metrics.matthews_corrcoef(gold, predicted))
        if num_labels == 2:
            assert metrics["f1"] == pytest.approx(sklearn_metrics.f1_score(gold, predicted))


quarters = st.integers(-20, 20).map(lambda number: number / 4)


@given(st.lists(st.tuples(quarters, quarters), min_size=1, max_size=40))
def test_correlations_equal_their_definitions_also_with_ties(pairs):
    predicted, gold = map(list, zip(*pairs, strict=True))
    metrics = compute_metrics(SCORES, np.array(predicted)[:, None], np.array(gold, dtype=np.float32))
    by_rank = slow_pearson(slow_ranks(predicted), slow_ranks(gold))
    assert metrics["pearson"] == pytest.approx(slow_pearson(predicted, gold), abs=1e-9)
    assert metrics["spearman"] == pytest.approx(by_rank, abs=1e-9)
    assert metrics["pearson_spearman"] == pytest.approx((metrics["pearson"] + metrics["spearman"]) / 2)


def test_correlations_equal_those_of_scipy():
    predicted, gold = np.random.default_rng(0).normal(size=(2, 300)).round(1)
    metrics = compute_metrics(SCORES, predicted[:, None], gold.astype(np.float32))
    assert metrics["pearson"] == pytest.approx(stats.pearsonr(predicted, gold.astype(np.float32)).statistic)
    assert metrics["spearman"] == pytest.approx(stats.spearmanr(predicted, gold).statistic)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e6, 1 / 3])
def test_a_constant_score_correlates_with_nothing(value):
    gold = np.array([0.1, 2.0, 3.5], dtype=np.float32)
    assert set(compute_metrics(SCORES, np.full((3, 1), value), gold).values()) == {0.0}


def test_a_constant_class_has_matthews_zero_and_f1_zero():
    metrics = compute_metrics(classes(2), logits_of([0, 0, 0], 2), np.array([0, 1, 1]))
    assert metrics["matthews"] == 0.0
    assert metrics["f1"] == 0.0


def test_a_class_that_never_occurs_does_not_lower_macro_f1():
    gold = np.array([0, 1, 0, 1])
    assert compute_metrics(classes(3), logits_of([0, 1, 0, 1], 3), gold)["macro_f1"] == 1.0
