"""The labelled examples on which models are measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from potstill.answers import LabelRows
from potstill.data import Batches, DataConfig, Split, Task, TaskData, describe_reading, match_labels
from potstill.errors import DataError
from potstill.evaluation.bag_of_words import WordModel
from potstill.results import ChosenOn


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Examples:
    """What a model is measured on.

    Attributes:
        task: What is predicted, and which metrics judge it.
        split: The examples, with labels.
        split_name: What the split is called.
        max_length: Longest text in tokens; longer ones are cut.
        other_splits: Further labelled splits by name, such as MNLI's `mismatched`.
        notes: What was read, left out and understood, a clause each.
        test: Labelled examples that chose nothing, where there are any.
        chosen_on: Which examples chose the weights of the models, where it is known.
        is_judged: Whether the labels are a teacher's answers, as there are no gold ones.
        words: What the words of the training examples tell; None where nobody is held against it.
    """

    task: Task
    split: Split
    split_name: str = "dev"
    max_length: int
    other_splits: Mapping[str, Split] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    test: "Examples | None" = None
    chosen_on: ChosenOn | None = None
    is_judged: bool = False
    words: WordModel | None = None

    def describe(self, batches: Batches) -> str:
        """Say in one line what was read, and how much of it a model does not get to see.

        Args:
            batches: The split in the tokens of the model.

        Returns:
            The line.
        """
        return describe_reading(self.notes, [batches.tokenised], max_length=self.max_length)

    @property
    def gold(self) -> LabelRows:
        """The labels of the split; one without labels is refused."""
        return find_gold(self.task, self.split)


def label_examples(
    data: TaskData, config: DataConfig, *, chosen_on: ChosenOn | None = None, words: WordModel | None = None
) -> Examples:
    """Say what models of a task are measured on.

    Args:
        data: The task with its examples.
        config: Where they come from.
        chosen_on: Which of them chose the weights of the models, where it is known.
        words: What the words of the training examples tell; None where nobody is held against it.

    Returns:
        The development set, beside it further ones and the test set, as far as it has labels.
    """
    name = "test" if config.test is None else Path(config.test).name
    tests = [
        Examples(task=data.task, split=split, split_name=name, max_length=config.longest, words=words)
        for split in data.labelled_test.values()
    ]
    return Examples(
        task=data.task,
        split=data.dev,
        split_name="dev" if config.dev is None else Path(config.dev).name,
        max_length=config.longest,
        other_splits=data.other_dev,
        notes=data.notes,
        test=next(iter(tests), None),
        chosen_on=chosen_on,
        is_judged=data.is_judged,
        words=words,
    )


def find_gold(task: Task, split: Split) -> LabelRows:
    """Give the labels of a split, and refuse one that has none."""
    if split.labels is None or not split.has_labels:
        raise DataError(f"the split of task '{task.name}' has no labels; evaluation needs them.")
    return split.labels


def in_task_order(logits: NDArray[np.float32], task: Task, label_names: Sequence[str]) -> NDArray[np.float32]:
    """Put the columns of logits into the order of a task's labels.

    Args:
        logits: As a model gives them, [examples, labels].
        task: The task.
        label_names: Names of the model's labels; empty for scores.

    Returns:
        The same figures.

    Raises:
        DataError: The model has other labels than the task.
    """
    ordered = np.empty_like(logits)
    ordered[:, list(match_labels(task, label_names))] = logits
    return ordered
