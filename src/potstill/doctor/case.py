"""What is looked at: as much of recipe, data, teacher, student and machine as could be opened."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from potstill.data import Split, TaskData
from potstill.evaluation import WordModel, learn_words
from potstill.recipe import Recipe
from potstill.results import ChosenWeights, ClassFigures, TransferFigures
from potstill.tensors import TokenBlock

MAX_TEXTS = 20_000
"""Texts that are looked at one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Texts as a model reads them.

    Attributes:
        tokens: The tokens.
        unknown_id: The id of what its tokenizer does not know; None where it knows everything.
        special_ids: Ids that stand for no text.
        max_tokens: The longest text that it can take; None where there is no limit.
    """

    tokens: TokenBlock
    unknown_id: int | None
    special_ids: frozenset[int]
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TaughtCase:
    """What a teacher says about some examples.

    Attributes:
        name: What the user calls it.
        dev: Labelled development examples.
        dev_logits: What it says of them, [rows, labels].
        train: Labelled training examples.
        train_logits: What it says of those.
        chosen: Which weights its training left, where that is known.
    """

    name: str
    dev: Split
    dev_logits: NDArray[np.float32]
    train: Split | None = None
    train_logits: NDArray[np.float32] | None = None
    chosen: tuple[ChosenWeights, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltCase:
    """What would be trained.

    Attributes:
        num_weights: Weights of the student.
        num_teacher_weights: Those of the teacher; 0 where it does not run here.
        num_steps: Optimizer steps of each stage; None where texts are made first.
        left_out: Why optional stages are left out, by stage.
        projections: Weights of the projections between student and teacher, of stages that learn some.
        trial_loss: Loss of a batch before and after a few steps on it; None where they were not made.
    """

    num_weights: int
    num_teacher_weights: int
    num_steps: Mapping[str, int] | None
    left_out: Mapping[str, str] = field(default_factory=dict)
    projections: Mapping[str, int] = field(default_factory=dict)
    trial_loss: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineCase:
    """What a run needs, and what there is.

    Attributes:
        seconds: How long it will take.
        needed_memory: Bytes in memory at once, about.
        free_memory: Bytes that there are; None where nobody knows.
        needed_disk: Bytes that it writes, about.
        free_disk: Bytes that there are.
        stale: Folders of the store that hold what another teacher said, and their bytes.
        damaged: Folders of the store that are not what was written.
    """

    seconds: float
    needed_memory: int
    free_memory: int | None
    needed_disk: int
    free_disk: int
    stale: Mapping[Path, int] = field(default_factory=dict)
    damaged: tuple[Path, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Case:
    """What there is to look at; what could not be opened is None.

    Attributes:
        recipe: The recipe.
        data: The task with its examples.
        unlabelled: What became of the texts without labels.
        readings: Training texts as student and teacher read them, by their parts.
        taught: What the teacher says.
        built: What would be trained.
        machine: What the run needs, and what there is.
    """

    recipe: Recipe
    data: TaskData | None = None
    unlabelled: TransferFigures | None = None
    readings: Mapping[str, Reading] = field(default_factory=dict)
    taught: TaughtCase | None = None
    built: BuiltCase | None = None
    machine: MachineCase | None = None

    @property
    def examples(self) -> TaskData:
        """The data, of checks that read them."""
        assert self.data is not None, "a check that reads data says so"
        return self.data

    @property
    def splits(self) -> dict[str, Split]:
        """The labelled splits by name, those that are measured on behind train."""
        data = self.examples
        held = {} if data.select is None else {"the held-out part of train": data.select}
        return {"train": data.train, **held, "dev": data.dev, **data.labelled_test}

    @cached_property
    def some_of_train(self) -> Split:
        """Training examples, few enough to be looked at one by one."""
        train = self.examples.train
        return train if len(train) <= MAX_TEXTS else train.take(np.arange(MAX_TEXTS, dtype=np.int64))

    @cached_property
    def words(self) -> WordModel | None:
        """What the words of the training examples tell."""
        return learn_words(self.examples.train, self.examples.task.answer)

    @cached_property
    def details(self) -> Mapping[str, Any]:
        """Figures of each class, and the confusion, of what the teacher says of dev."""
        assert self.taught is not None, "a check that reads what was taught says so"
        assert self.taught.dev.labels is not None, "what is measured on has labels"
        return self.examples.task.answer.details(self.taught.dev_logits, self.taught.dev.labels)

    @property
    def classes(self) -> tuple[ClassFigures, ...]:
        """How well the teacher finds each class; empty for scores."""
        return tuple(self.details.get("classes", ()))
