"""Refuse a teacher from which there is nothing to learn, before hours go into a student of it."""

import numpy as np
from numpy.typing import NDArray

from potstill.answers import LabelRows
from potstill.data import Task
from potstill.errors import ModelError


def check_teacher(name: str, task: Task, logits: NDArray[np.floating], gold: LabelRows) -> None:
    """Refuse a teacher that is no better on the development set than an answer that never looks at the text."""
    bar = task.answer.floor(task.metrics, logits, gold)
    if bar.score <= bar.floor and not bar.is_spared:
        raise ModelError(
            f"teacher '{name}' has {bar.metric} {bar.score:.3f} on the {len(gold)} development examples, no better "
            f"than {bar.what} ({bar.floor:.3f}); fine-tune it on this task first ('potstill finetune'), or check the "
            "order of its labels."
        )
