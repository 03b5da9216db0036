"""How faithfully a student repeats its teacher, right or wrong."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from potstill.data import Task
from potstill.evaluation.metrics import decide, pearson
from potstill.results import ClassFidelity, ScoreFidelity


def measure_fidelity(
    task: Task, student: NDArray[np.floating], teacher: NDArray[np.floating]
) -> ClassFidelity | ScoreFidelity:
    """Compare a student with its teacher on the same examples.

    Args:
        task: Says whether the outputs are classes or scores.
        student: Logits of the student, [examples, labels].
        teacher: Logits of the teacher, same shape and label order.

    Returns:
        Agreement and divergence for classes; correlation and distance for scores. Where there may be several labels,
        both agree on an example if they agree on every label of it.
    """
    assert student.shape == teacher.shape, (student.shape, teacher.shape)
    if task.kind == "regression":
        ours, theirs = decide(task, student), decide(task, teacher)
        return ScoreFidelity(
            pearson=float(pearson(ours, theirs)),
            mean_absolute_difference=float(np.abs(student[:, 0].astype(np.float64) - teacher[:, 0]).mean()),
        )
    if task.kind == "multi_label":
        is_same = (decide(task, student) == decide(task, teacher)).all(axis=1)
        divergence = float(label_divergences(student, teacher).mean())
        return ClassFidelity(agreement=float(is_same.mean()), divergence=divergence)
    return ClassFidelity(agreement=agreement(student, teacher), divergence=mean_divergence(student, teacher))


def agreement(student: NDArray[np.floating], teacher: NDArray[np.floating]) -> float:
    """Give the share of examples on which both choose the same class."""
    return float((student.argmax(axis=1) == teacher.argmax(axis=1)).mean())


def mean_divergence(student: NDArray[np.floating], teacher: NDArray[np.floating]) -> float:
    """Measure how far the student's probabilities are from the teacher's: the mean of `divergences`."""
    return float(divergences(student, teacher).mean())


def divergences(student: NDArray[np.floating], teacher: NDArray[np.floating]) -> NDArray[np.float64]:
    """Measure how far the student's probabilities are from the teacher's on each example.

        KL(softmax(teacher) || softmax(student))

    Temperature 1: these are the probabilities that a user of either model gets.
    """
    log_student = log_softmax(student.astype(np.float64), axis=1)
    log_teacher = log_softmax(teacher.astype(np.float64), axis=1)
    return np.asarray(np.maximum((np.exp(log_teacher) * (log_teacher - log_student)).sum(axis=1), 0.0))


def as_answers(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Write the logits of labels that each stand for themselves as logits of two classes, no and yes."""
    flat = logits.reshape(-1).astype(np.float64)
    return np.stack([np.zeros_like(flat), flat], axis=1)


def label_divergences(student: NDArray[np.floating], teacher: NDArray[np.floating]) -> NDArray[np.float64]:
    """Measure how far the student's answers to all labels of each example are from the teacher's."""
    each = divergences(as_answers(student), as_answers(teacher))
    return np.asarray(each.reshape(student.shape).sum(axis=1))
