"""Likeness of student and teacher against plain Python."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from potstill.data import Task
from potstill.evaluation import measure_fidelity
from potstill.results import ClassFidelity, ScoreFidelity

CLASSES = Task(name="made-up", kind="classification", is_pair=False, label_names=("a", "b", "c"), metrics=("accuracy",))
SCORES = Task(name="made-up", kind="regression", is_pair=False, label_names=(), metrics=("pearson",))


def slow_softmax(row):
    highest = max(row)
    powers = [math.exp(value - highest) for value in row]
    return [power / math.fsum(powers) for power in powers]


def slow_divergence(student, teacher):
    """Mean KL(teacher || student)."""
    total = 0.0
    for ours, theirs in zip(student, teacher, strict=True):
        for p, q in zip(slow_softmax(theirs), slow_softmax(ours), strict=True):
            total += p * math.log(p / q)
    return total / len(student)


rows = st.lists(st.floats(-8, 8, width=32), min_size=3, max_size=3)


@given(st.lists(st.tuples(rows, rows), min_size=1, max_size=12))
def test_class_fidelity_equals_its_definition(pairs):
    student, teacher = map(list, zip(*pairs, strict=True))
    fidelity = measure_fidelity(CLASSES, np.array(student, dtype=np.float32), np.array(teacher, dtype=np.float32))
    assert isinstance(fidelity, ClassFidelity)
    assert fidelity.divergence == pytest.approx(slow_divergence(student, teacher), abs=1e-9)
    same = [a.index(max(a)) == b.index(max(b)) for a, b in pairs]
    assert fidelity.agreement == pytest.approx(sum(same) / len(same))


def test_divergence_is_of_the_student_from_the_teacher_and_not_the_other_way():
    student, teacher = np.array([[2.0, 0.0, -1.0]]), np.array([[0.0, 0.1, 0.0]])
    there, back = measure_fidelity(CLASSES, student, teacher), measure_fidelity(CLASSES, teacher, student)
    assert isinstance(there, ClassFidelity)
    assert isinstance(back, ClassFidelity)
    assert there.divergence == pytest.approx(slow_divergence(student.tolist(), teacher.tolist()))
    assert abs(there.divergence - back.divergence) > 0.05


def test_a_twin_agrees_wholly():
    logits = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    assert measure_fidelity(CLASSES, logits, logits) == ClassFidelity(agreement=1.0, divergence=0.0)
    assert measure_fidelity(CLASSES, logits + 7, logits).agreement == 1.0


def test_very_sure_models_have_a_finite_divergence():
    fidelity = measure_fidelity(CLASSES, np.array([[900.0, 0.0, 0.0]]), np.array([[0.0, 900.0, 0.0]]))
    assert fidelity == ClassFidelity(agreement=0.0, divergence=900.0)


def test_score_fidelity_is_correlation_and_distance():
    teacher = np.array([[0.0], [1.0], [2.0], [4.0]])
    fidelity = measure_fidelity(SCORES, 2 * teacher + 1, teacher)
    assert isinstance(fidelity, ScoreFidelity)
    assert fidelity.pearson == pytest.approx(1.0)
    assert fidelity.mean_absolute_difference == pytest.approx((1 + 2 + 3 + 5) / 4)


def test_a_student_that_always_says_the_same_does_not_follow_its_teacher():
    fidelity = measure_fidelity(SCORES, np.full((4, 1), 0.1), np.arange(4.0)[:, None])
    assert isinstance(fidelity, ScoreFidelity)
    assert fidelity.pearson == 0.0
