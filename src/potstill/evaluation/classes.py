"""What a classifier takes for what: figures of each class and the confusion between them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from potstill.data import LabelArray, Task
from potstill.evaluation.calibration import measure_calibration
from potstill.evaluation.fidelity import as_answers
from potstill.evaluation.metrics import Tallies, class_f1, decide, ratio
from potstill.results import ClassFigures


def measure_answers(task: Task, logits: NDArray[np.floating], gold: LabelArray) -> dict[str, Any]:
    """Measure what only a classifier has."""
    if task.kind == "regression":
        return {}
    if task.kind == "multi_label":
        answers = gold.reshape(-1).astype(np.int64)
        return {
            "calibration": measure_calibration(as_answers(logits), answers),
            "classes": measure_classes(task, logits, gold),
        }
    return {
        "calibration": measure_calibration(logits, gold),
        "classes": measure_classes(task, logits, gold),
        "confusion": count_confusion(task, logits, gold),
    }


def measure_classes(task: Task, logits: NDArray[np.floating], gold: LabelArray) -> tuple[ClassFigures, ...]:
    """Measure how well each class is found.

    With h examples of a class predicted as it, g of the class and p predicted as it:

        precision = h / p        recall = h / g        F1 = 2 h / (g + p)        each 0 where it divides by 0

    Args:
        task: A classification, or one with several labels.
        logits: Outputs of the head, [examples, labels].
        gold: As `LabelArray` says.

    Returns:
        One record for each class, in the order of the task's labels.
    """
    once, answers = np.ones((1, len(gold))), decide(task, logits).astype(np.int64)
    if task.kind == "multi_label":
        tallies = Tallies.count_each(answers, gold, times=once)
    else:
        tallies = Tallies.count(answers, gold.astype(np.int64), times=once, num_labels=task.num_labels)
    precision, recall = ratio(tallies.hits, tallies.predicted), ratio(tallies.hits, tallies.gold)
    rows = zip(task.label_names, precision[0], recall[0], class_f1(tallies)[0], tallies.gold[0], strict=True)
    return tuple(
        ClassFigures(label=label, precision=float(p), recall=float(r), f1=float(f), support=int(n))
        for label, p, r, f, n in rows
    )


def count_confusion(task: Task, logits: NDArray[np.floating], gold: LabelArray) -> dict[str, dict[str, int]]:
    """Count how often each class was taken for each.

    Args:
        task: A classification.
        logits: Outputs of the head, [examples, labels].
        gold: Class indices, [examples].

    Returns:
        Number of examples by gold label, then by predicted label, both in the order of the task's labels; what never
        occurred is left out.
    """
    names = task.label_names
    pairs = np.stack([gold.astype(np.int64), logits.argmax(axis=1)])
    cells, counts = np.unique(pairs, axis=1, return_counts=True)
    table: dict[str, dict[str, int]] = {}
    for (actual, predicted), count in zip(cells.T.tolist(), counts.tolist(), strict=True):
        table.setdefault(names[actual], {})[names[predicted]] = count
    return table
