"""Which texts may be varied, and which of their words."""

from itertools import pairwise

import numpy as np

from potstill.augmentation import MethodConfig, TaggedText
from potstill.data import TaskData
from potstill.errors import RecipeError


def check_texts(data: TaskData, method: MethodConfig, advice: str) -> None:
    """Refuse texts whose labels would not fit a varied text."""
    answer, labels = data.task.answer, data.train.labels
    if answer.forbids_new_texts is not None:
        raise RecipeError(f"augmentation: {answer.forbids_new_texts} cannot be augmented; {advice}.")
    free = None if labels is None else answer.free_words(labels.values)
    if free is None:
        return
    if not free.any():
        raise RecipeError(f"augmentation: every word bears a label that another one would not; {advice}.")
    if (field := method.drops_words) is not None:
        raise RecipeError(
            f"augmentation.method.{field}: it drops or moves words, of which each has a label; set it to 0."
        )


def find_tagged(data: TaskData) -> list[TaggedText] | None:
    """Give the training texts with their words, where these have labels; None where they have none."""
    answer, train = data.task.answer, data.train
    labels = train.labels
    free = None if labels is None else answer.free_words(labels.values)
    if free is None or labels is None or train.words is None:
        return None
    names = [answer.label_names[value] for value in labels.values.astype(np.int64).tolist()]
    return [
        TaggedText(
            text=train.texts[number],
            spans=tuple(train.words.spans(number)),
            labels=tuple(names[first:last]),
            is_free=tuple(free[first:last].tolist()),
        )
        for number, (first, last) in enumerate(pairwise(labels.offsets.tolist()))
    ]
