"""Which examples tell how a student differs from its teacher."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from potstill.data import Split, Task
from potstill.evaluation.fidelity import as_answers, divergences, label_divergences
from potstill.results import ChosenExamples, Example, write_labels

NUM_DISAGREEMENTS = 100
NUM_SPREAD = 12


def choose_examples(task: Task, split: Split, logits: Mapping[str, NDArray[np.floating]]) -> ChosenExamples:
    """Choose the examples that are worth a look.

    Args:
        task: Names the labels.
        split: The examples, with labels.
        logits: Logits of the split by role; the teacher, or else the first model, says which examples spread.

    Returns:
        Up to 100 worst disagreements, and up to 12 examples at even distances in the order of the teacher's entropy
        (classes) or score (regression).
    """
    guide = logits.get("teacher", next(iter(logits.values())))
    distance = None
    if "student" in logits and "teacher" in logits:
        distance = _distances(task, logits["student"], logits["teacher"])
    worst = [] if distance is None else np.argsort(-distance, kind="stable")[:NUM_DISAGREEMENTS].tolist()
    order = np.argsort(guide[:, 0] if task.kind == "regression" else _entropies(task, guide), kind="stable")
    places = np.unique(np.linspace(0, len(order) - 1, num=min(NUM_SPREAD, len(order))).round().astype(np.int64))

    def describe(ids: Sequence[int]) -> tuple[Example, ...]:
        return tuple(_describe(index, task, split, logits, distance) for index in ids)

    return ChosenExamples(
        label_names=task.label_names,
        has_independent_labels=task.kind == "multi_label",
        disagreements=describe(worst),
        spread=describe(order[places].tolist()),
    )


def _distances(task: Task, student: NDArray[np.floating], teacher: NDArray[np.floating]) -> NDArray[np.float64]:
    """Say how far apart both are on each example, [examples]."""
    if task.kind == "regression":
        return np.asarray(np.abs(student[:, 0].astype(np.float64) - teacher[:, 0]))
    return (label_divergences if task.kind == "multi_label" else divergences)(student, teacher)


def _entropies(task: Task, logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Give the entropy of each example's distribution, or of all its labels' together, in nats, [examples]."""
    if task.kind == "multi_label":
        return np.asarray(_entropies_of_classes(as_answers(logits)).reshape(logits.shape).sum(axis=1))
    return _entropies_of_classes(logits)


def _entropies_of_classes(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    logs = log_softmax(logits.astype(np.float64), axis=1)
    return np.asarray(-(np.exp(logs) * logs).sum(axis=1))


def _describe(
    index: int,
    task: Task,
    split: Split,
    logits: Mapping[str, NDArray[np.floating]],
    distance: NDArray[np.float64] | None,
) -> Example:
    assert split.labels is not None
    gold = split.labels[index]
    return Example(
        id=index,
        text=split.texts[index],
        pair=None if split.pairs is None else split.pairs[index],
        gold=float(gold) if task.kind == "regression" else _name_gold(task, gold),
        distance=None if distance is None else float(distance[index]),
        logits={role: tuple(rows[index].astype(float).round(6).tolist()) for role, rows in logits.items()},
    )


def _name_gold(task: Task, gold: NDArray[np.generic] | np.generic) -> str:
    """Name the class, or all labels that are there, in the order of the task."""
    if task.kind == "multi_label":
        return write_labels([task.label_names[index] for index in np.flatnonzero(gold).tolist()])
    return task.label_names[int(gold)]
