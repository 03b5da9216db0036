"""Refuse a teacher from which there is nothing to learn, before hours go into a student of it."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from potstill.data import LabelArray, Task
from potstill.errors import ModelError
from potstill.evaluation import compute_metrics

_KNOWS_RARE_CLASSES = 0.2
"""Matthews coefficient above which a classifier has learnt something, though the majority class is right as often."""


def check_teacher(name: str, task: Task, logits: NDArray[np.floating], gold: LabelArray) -> None:
    """Refuse a teacher that is no better on the development set than an answer that never looks at the text.

    For classes the bar is the accuracy of the majority, unless Matthews' coefficient is above 0.2; where there may be
    several labels, the primary metric of the most frequent one; for scores, 2 / sqrt(examples), at most 0.5, which
    scores drawn at random exceed about once in 40 times.
    """
    matthews = 0.0
    if task.kind == "regression":
        metric, what = task.metrics[0], "scores drawn at random often are"
        floor = min(0.5, 2.0 / len(gold) ** 0.5)  # two standard deviations of a correlation by chance
    elif task.kind == "multi_label":
        metric, what = task.metrics[0], "always answering the most frequent label"
        always = np.zeros_like(logits)
        always[:, gold.sum(axis=0).argmax()] = 1.0
        floor = compute_metrics(task, always, gold)[metric]
    else:
        metric, what = "accuracy", "always answering the most frequent class"
        floor = float(np.bincount(gold.astype(np.int64)).max() / len(gold))
        matthews = compute_metrics(replace(task, metrics=("matthews",)), logits, gold)["matthews"]
    score = compute_metrics(replace(task, metrics=(metric,)), logits, gold)[metric]
    if score <= floor and matthews <= _KNOWS_RARE_CLASSES:
        raise ModelError(
            f"teacher '{name}' has {metric} {score:.3f} on the {len(gold)} development examples, no better than {what} "
            f"({floor:.3f}); fine-tune it on this task first ('potstill finetune'), or check the order of its labels."
        )
