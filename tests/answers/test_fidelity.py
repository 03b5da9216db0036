"""Likeness of student and teacher against plain Python."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from potstill.answers import OneClass
from potstill.answers.score import Score
from potstill.data import Task
from potstill.results import ClassFidelity, ScoreFidelity

CLASSES = Task(name="made-up", answer=OneClass(label_names=("a", "b", "c")), is_pair=False, metrics=("accuracy",))
SCORES = Task(name="made-up", answer=Score(), is_pair=False, metrics=("pearson",))


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
    fidelity = CLASSES.answer.fidelity(np.array(student, dtype=np.float32), np.array(teacher, dtype=np.float32))
    assert isinstance(fidelity, ClassFidelity)
    assert fidelity.divergence == pytest.approx(slow_divergence(student, teacher), abs=1e-9)
    same = [a.index(max(a)) == b.index(max(b)) for a, b in pairs]
    assert fidelity.agreement == pytest.approx(sum(same) / len(same))


def test_divergence_is_of_the_student_from_the_teacher_and_not_the_other_way():
    student, teacher = np.array([[2.0, 0.0, -1.0]]), np.array([[0.0, 0.1, 0.0]])
    there, back = CLASSES.answer.fidelity(student, teacher), CLASSES.answer.fidelity(teacher, student)
    assert isinstance(there, ClassFidelity)
    assert isinstance(back, ClassFidelity)
    assert there.divergence == pytest.approx(slow_divergence(student.tolist(), teacher.tolist()))
    assert abs(there.divergence - back.divergence) > 0.05


def test_a_twin_agrees_wholly():
    logits = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    assert CLASSES.answer.fidelity(logits, logits) == ClassFidelity(agreement=1.0, divergence=0.0)
    assert CLASSES.answer.fidelity(logits + 7, logits).agreement == 1.0


def test_very_sure_models_have_a_finite_divergence():
    fidelity = CLASSES.answer.fidelity(np.array([[900.0, 0.0, 0.0]]), np.array([[0.0, 900.0, 0.0]]))
    assert fidelity == ClassFidelity(agreement=0.0, divergence=900.0)


def test_score_fidelity_is_correlation_and_distance():
    teacher = np.array([[0.0], [1.0], [2.0], [4.0]])
    fidelity = SCORES.answer.fidelity(2 * teacher + 1, teacher)
    assert isinstance(fidelity, ScoreFidelity)
    assert fidelity.pearson == pytest.approx(1.0)
    assert fidelity.mean_absolute_difference == pytest.approx((1 + 2 + 3 + 5) / 4)


def test_a_student_that_always_says_the_same_does_not_follow_its_teacher():
    fidelity = SCORES.answer.fidelity(np.full((4, 1), 0.1), np.arange(4.0)[:, None])
    assert isinstance(fidelity, ScoreFidelity)
    assert fidelity.pearson == 0.0
