"""How far the answers of a student are from its teacher's, right or wrong."""

import numpy as np
from numpy.typing import NDArray


def divergences(student: NDArray[np.floating], teacher: NDArray[np.floating]) -> NDArray[np.float64]:
    """Measure how far the student's probabilities are from the teacher's on each row.

        KL(softmax(teacher) || softmax(student))

    Temperature 1: these are the probabilities that a user of either model gets.
    """
    from scipy.special import log_softmax

    log_student = log_softmax(student.astype(np.float64), axis=1)
    log_teacher = log_softmax(teacher.astype(np.float64), axis=1)
    return np.asarray(np.maximum((np.exp(log_teacher) * (log_teacher - log_student)).sum(axis=1), 0.0))


def as_answers(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Write the logits of labels that each stand for themselves as logits of two classes, no and yes."""
    flat = logits.reshape(-1).astype(np.float64)
    return np.stack([np.zeros_like(flat), flat], axis=1)


def label_divergences(student: NDArray[np.floating], teacher: NDArray[np.floating]) -> NDArray[np.float64]:
    """Measure how far the student's answers to all labels of each row are from the teacher's."""
    each = divergences(as_answers(student), as_answers(teacher))
    return np.asarray(each.reshape(student.shape).sum(axis=1))


def entropies(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Give the entropy of each row's distribution over the classes, in nats."""
    from scipy.special import log_softmax

    logs = log_softmax(logits.astype(np.float64), axis=1)
    return np.asarray(-(np.exp(logs) * logs).sum(axis=1))
