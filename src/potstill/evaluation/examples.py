"""Which examples tell how a student differs from its teacher."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from potstill.data import Split, Task
from potstill.results import ChosenExamples, Example

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
        (classes) or score.
    """
    assert split.labels is not None
    answer, labels = task.answer, split.labels
    asked = logits.get("teacher", next(iter(logits.values())))
    distance = None
    if "student" in logits and "teacher" in logits:
        distance = labels.sum_rows(answer.distances(logits["student"], logits["teacher"]))
    worst = [] if distance is None else np.argsort(-distance, kind="stable")[:NUM_DISAGREEMENTS].tolist()
    order = np.argsort(labels.sum_rows(answer.spread(asked)), kind="stable")
    places = np.unique(np.linspace(0, len(order) - 1, num=min(NUM_SPREAD, len(order))).round().astype(np.int64))

    def describe(ids: Sequence[int]) -> tuple[Example, ...]:
        return tuple(_describe(index, task, split, logits, distance) for index in ids)

    return ChosenExamples(
        label_names=task.label_names,
        has_independent_labels=answer.has_independent_labels,
        disagreements=describe(worst),
        spread=describe(order[places].tolist()),
    )


def _describe(
    index: int,
    task: Task,
    split: Split,
    logits: Mapping[str, NDArray[np.floating]],
    distance: NDArray[np.float64] | None,
) -> Example:
    assert split.labels is not None
    rows, words = split.labels.places(np.array([index])), split.words_of(index)
    return Example(
        id=index,
        text=split.texts[index],
        pair=None if split.pairs is None else split.pairs[index],
        words=words,
        gold=task.answer.name_gold(split.labels.values[rows], words=words),
        distance=None if distance is None else float(distance[index]),
        logits={role: tuple(every[rows].reshape(-1).astype(float).round(6).tolist()) for role, every in logits.items()},
    )
