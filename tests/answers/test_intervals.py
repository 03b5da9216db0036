"""Intervals: known values, coverage, pairing, speed."""

import time

import numpy as np
import pytest
from measuring import compute_metrics, paired_intervals, primary_interval
from scipy import stats

from potstill.answers import LabelRows, OneClass
from potstill.answers.intervals import exact_mcnemar, resample_times
from potstill.answers.score import Score
from potstill.data import Task


def task_with(metric, num_labels=2):
    is_score = metric in {"pearson", "spearman", "pearson_spearman"}
    return Task(
        name="made-up",
        answer=Score() if is_score else OneClass(label_names=tuple(map(str, range(num_labels)))),
        is_pair=False,
        metrics=(metric,),
    )


def noisy_classes(num_examples, *, share_right, seed=0, num_labels=2):
    """Gold labels, and logits that are right for about a share of them."""
    generator = np.random.default_rng(seed)
    gold = generator.integers(num_labels, size=num_examples)
    wrong = (gold + generator.integers(1, num_labels, size=num_examples)) % num_labels
    predicted = np.where(generator.random(num_examples) < share_right, gold, wrong)
    return np.eye(num_labels)[predicted], gold


def noisy_scores(num_examples, *, noise, seed=0):
    generator = np.random.default_rng(seed)
    gold = generator.normal(size=num_examples).astype(np.float32)
    return (gold + noise * generator.normal(size=num_examples))[:, None], gold


def test_accuracy_has_wilsons_interval():
    logits = np.eye(2)[[1] * 8 + [0] * 2]
    low, high = primary_interval(task_with("accuracy"), logits, np.ones(10, dtype=np.int64))
    # Wilson 1927 for 8 of 10, z = 1.959964, by hand.
    z, share, number = 1.959963984540054, 0.8, 10
    centre = (share + z * z / (2 * number)) / (1 + z * z / number)
    half = z / (1 + z * z / number) * np.sqrt(share * (1 - share) / number + z * z / (4 * number**2))
    assert (low, high) == pytest.approx((centre - half, centre + half))
    assert (low, high) == pytest.approx((0.4901625, 0.9433178), abs=1e-6)


def test_perfect_accuracy_is_not_certain():
    low, high = primary_interval(task_with("accuracy"), np.eye(2)[[1, 0, 1]], np.array([1, 0, 1]))
    assert high == pytest.approx(1.0)
    assert 0.3 < low < 0.6


@pytest.mark.parametrize("metric", ["f1", "macro_f1", "matthews"])
def test_class_intervals_equal_a_bootstrap_over_rows(metric):
    task = task_with(metric)
    logits, gold = noisy_classes(150, share_right=0.8)
    generator = np.random.default_rng(1)
    draws = [generator.integers(150, size=150) for _ in range(2_000)]
    slow = [compute_metrics(task, logits[rows], gold[rows])[metric] for rows in draws]
    assert primary_interval(task, logits, gold) == pytest.approx(np.quantile(slow, [0.025, 0.975]), abs=0.02)


@pytest.mark.parametrize("metric", ["pearson", "spearman"])
def test_score_intervals_equal_scipys_bootstrap(metric):
    logits, gold = noisy_scores(150, noise=1.0)
    correlate = {"pearson": stats.pearsonr, "spearman": stats.spearmanr}[metric]
    slow = stats.bootstrap(
        (logits[:, 0], gold),
        lambda x, y: correlate(x, y).statistic,
        paired=True,
        vectorized=False,
        n_resamples=1_000,
        method="percentile",
        rng=3,
    ).confidence_interval
    assert primary_interval(task_with(metric), logits, gold) == pytest.approx((slow.low, slow.high), abs=0.02)


@pytest.mark.parametrize("metric", ["f1", "matthews", "spearman"])
def test_intervals_are_the_same_every_time(metric):
    task = task_with(metric)
    logits, gold = noisy_scores(80, noise=1.0) if task.answer.is_number else noisy_classes(80, share_right=0.7)
    assert primary_interval(task, logits, gold) == primary_interval(task, logits, gold)


@pytest.mark.parametrize("metric", ["f1", "macro_f1", "matthews", "spearman"])
def test_an_interval_covers_the_truth_about_95_times_in_100(metric):
    task = task_with(metric)

    def sample(number, seed):
        if task.answer.is_number:
            return noisy_scores(number, noise=1.0, seed=seed)
        return noisy_classes(number, share_right=0.8, seed=seed)

    truth = compute_metrics(task, *sample(200_000, 10_000))[metric]
    intervals = [primary_interval(task, *sample(120, seed)) for seed in range(40)]
    covered = sum(low <= truth <= high for low, high in intervals)
    assert 33 <= covered <= 40


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1", "matthews", "pearson_spearman"])
def test_a_model_does_not_differ_from_itself(metric):
    task = task_with(metric)
    logits, gold = noisy_scores(60, noise=1.0) if task.answer.is_number else noisy_classes(60, share_right=0.7)
    assert paired_intervals(task, logits, logits, gold).difference == (0.0, 0.0)


def test_pairing_is_sharper_than_two_separate_intervals():
    task = task_with("accuracy")
    student, gold = noisy_classes(400, share_right=0.8)
    teacher = student.copy()
    wrong = np.flatnonzero(student.argmax(axis=1) != gold)[:16]
    teacher[wrong] = np.eye(2)[gold[wrong]]
    low, high = paired_intervals(task, student, teacher, gold).difference
    assert low < -16 / 400 < high < 0
    separate = primary_interval(task, student, gold)
    assert high - low < (separate[1] - separate[0]) / 1.5


def test_swapping_the_models_turns_the_difference_round():
    task = task_with("matthews", 3)
    student, gold = noisy_classes(300, share_right=0.9, num_labels=3)
    other, _ = noisy_classes(300, share_right=0.6, seed=0, num_labels=3)
    low, high = paired_intervals(task, student, other, gold).difference
    assert 0 < low < high
    assert paired_intervals(task, other, student, gold).difference[0] < 0


@pytest.mark.parametrize("metric", ["macro_f1", "matthews", "pearson_spearman"])
def test_a_paired_interval_of_1500_examples_takes_under_two_seconds(metric):
    task = task_with(metric)
    if task.answer.is_number:
        (student, gold), (other, _) = noisy_scores(1_500, noise=1.0), noisy_scores(1_500, noise=2.0)
    else:
        (student, gold), (other, _) = noisy_classes(1_500, share_right=0.9), noisy_classes(1_500, share_right=0.8)
    begun = time.process_time()
    paired_intervals(task, student, other, gold)
    assert time.process_time() - begun < 4.0  # two cores of a busy machine; alone it takes 0.01 s to 0.9 s


def test_one_example_and_constant_answers_give_an_interval_without_a_warning():
    assert primary_interval(task_with("matthews"), np.eye(2)[[1]], np.array([1])) == (0.0, 0.0)
    constant = np.full((5, 1), 0.1)
    assert primary_interval(task_with("spearman"), constant, np.arange(5, dtype=np.float32)) == (0.0, 0.0)


@pytest.mark.parametrize("metric", ["accuracy", "f1", "matthews", "pearson", "spearman", "pearson_spearman"])
def test_the_standard_error_is_the_spread_over_samples(metric):
    task = task_with(metric)
    values, errors = [], []
    for seed in range(200):
        make = noisy_scores if task.answer.is_number else noisy_classes
        logits, gold = make(300, seed=seed, **({"noise": 0.7} if task.answer.is_number else {"share_right": 0.85}))
        rows = LabelRows.one_each(gold)
        values.append(task.answer.measure((metric,), logits, rows)[metric])
        if seed < 5:
            errors.append(task.answer.standard_error(metric, logits, rows))
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.25)


def test_an_example_is_drawn_with_all_of_its_rows():
    generator = np.random.default_rng(0)
    gold, answers = (generator.integers(3, size=50) for _ in range(2))
    once = LabelRows.one_each(gold)
    twice = LabelRows(values=np.repeat(gold, 2), offsets=np.arange(51, dtype=np.int64) * 2)

    def measure(predicted, times):
        values = gold if len(predicted) == len(gold) else np.repeat(gold, 2)
        return (times @ (predicted == values)) / times.sum(axis=1)

    (first,) = resample_times(once, [answers], measure)
    (second,) = resample_times(twice, [np.repeat(answers, 2)], measure)
    np.testing.assert_allclose(second, first)


def test_mcnemar_counts_where_one_alone_is_right():
    student, other = np.array([1, 1, 1, 1, 0, 0], dtype=bool), np.array([1, 0, 0, 0, 1, 0], dtype=bool)
    found = exact_mcnemar(student, other)
    assert (found.only_student, found.only_other) == (3, 1)
    assert found.p_value == pytest.approx(stats.binomtest(3, 4).pvalue)
