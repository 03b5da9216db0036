"""Calibration against its definition in plain Python."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from potstill.answers.calibration import measure_calibration


def calibrate(logits, gold, num_bins=15):
    """Measure the likeliest class of each row."""
    confidence = softmax(logits, axis=1).max(axis=1)
    return measure_calibration(confidence, logits.argmax(axis=1) == gold, num_bins=num_bins)


def slow_calibration(logits, gold, num_bins):
    """Guo et al. 2017, equation 3, with bins ((m - 1) / M, m / M]."""
    bins = [[] for _ in range(num_bins)]
    for row, label in zip(logits, gold, strict=True):
        powers = [math.exp(value - max(row)) for value in row]
        confidence = max(powers) / math.fsum(powers)
        place = next(m for m in range(1, num_bins + 1) if confidence <= m / num_bins + 1e-12)
        bins[place - 1].append((confidence, row.index(max(row)) == label))
    error = 0.0
    for inside in bins:
        if inside:
            confidence = math.fsum(each for each, _ in inside) / len(inside)
            accuracy = sum(right for _, right in inside) / len(inside)
            error += len(inside) / len(gold) * abs(accuracy - confidence)
    return error


examples = st.lists(st.tuples(st.lists(st.floats(-6, 6), min_size=3, max_size=3), st.integers(0, 2)), min_size=1)


@given(examples, st.sampled_from([1, 4, 15]))
def test_calibration_equals_its_definition(rows, num_bins):
    logits, gold = map(list, zip(*rows, strict=True))
    found = calibrate(np.array(logits), np.array(gold), num_bins=num_bins)
    slow = slow_calibration(logits, gold, num_bins)
    # A confidence on the edge of two bins may fall to either side by the last bit.
    if not any(abs(each * num_bins - round(each * num_bins)) < 1e-9 for each in confidences(logits)):
        assert found.error == pytest.approx(slow, abs=1e-9)
    assert sum(each.num_examples for each in found.bins) == len(gold)
    assert [each.low for each in found.bins] == sorted(each.low for each in found.bins)
    for each in found.bins:
        assert each.low - 1e-9 <= each.confidence <= each.high + 1e-9


def confidences(logits):
    powers = np.exp(np.array(logits) - np.max(logits, axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).max(axis=1)


def test_a_small_case_by_hand():
    # Confidences 0.9 (right), 0.9 (wrong), 0.6 (right); four bins: (0.75, 1] and (0.5, 0.75].
    logits = np.log([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6]])
    found = calibrate(logits, np.array([0, 1, 1]), num_bins=4)
    assert found.error == pytest.approx(2 / 3 * abs(0.5 - 0.9) + 1 / 3 * abs(1 - 0.6))
    assert [(each.low, each.high, each.num_examples) for each in found.bins] == [(0.5, 0.75, 1), (0.75, 1.0, 2)]


def test_who_is_always_sure_and_right_has_no_error():
    found = calibrate(np.array([[900.0, 0.0], [0.0, 900.0]]), np.array([0, 1]))
    assert found.error == 0.0
    assert found.num_bins == 15
    assert found.bins[0].low == pytest.approx(14 / 15)


def test_honest_probabilities_have_a_small_error_and_sharpened_ones_a_large():
    generator = np.random.default_rng(0)
    probabilities = generator.dirichlet([1.0, 1.0, 1.0], size=20_000)
    gold = np.array([generator.choice(3, p=row) for row in probabilities])
    assert calibrate(np.log(probabilities), gold).error < 0.02
    assert calibrate(4 * np.log(probabilities), gold).error > 0.15


def test_a_confidence_on_an_edge_belongs_to_the_bin_below():
    found = measure_calibration(np.array([0.5, 0.51]), np.array([True, False]), num_bins=4)
    assert [(each.low, each.high, each.num_examples) for each in found.bins] == [(0.25, 0.5, 1), (0.5, 0.75, 1)]
