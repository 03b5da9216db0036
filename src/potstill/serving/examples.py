"""The labelled examples on which served models are measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from potstill.data import Split, Task, match_labels


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Examples:
    """What a model is measured on.

    Attributes:
        task: What is predicted, and which metrics judge it.
        split: The examples, with labels.
        split_name: What the split is called.
        max_length: Longest text in tokens; longer ones are cut.
        other_splits: Further labelled splits by name, such as MNLI's `mismatched`.
    """

    task: Task
    split: Split
    split_name: str
    max_length: int
    other_splits: Mapping[str, Split] = field(default_factory=dict)


def in_task_order(logits: NDArray[np.float32], task: Task, label_names: Sequence[str]) -> NDArray[np.float32]:
    """Put the columns of logits into the order of a task's labels."""
    ordered = np.empty_like(logits)
    ordered[:, list(match_labels(task, label_names))] = logits
    return ordered
