"""What a task is and what its examples are: `Task`, `Split`, `TaskData`."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from potstill.answers import Answer, LabelRows, WordSpans


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is to be predicted, and how the answers are judged.

    Attributes:
        name: Name in reports.
        answer: What kind of answer, with its labels.
        is_pair: Whether an example is two texts.
        metrics: What is measured; the first is the primary one.
        has_agreed_order: Whether whoever numbers the labels does it in this order, so that a model that knows only
            their numbers can be matched.
        model_labels: Which label each logit of a model stands for, where the user says it; empty = nobody does.
    """

    name: str
    answer: Answer
    is_pair: bool
    metrics: tuple[str, ...]
    has_agreed_order: bool = False
    model_labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that the parts fit together."""
        assert self.metrics, self.name
        assert bool(self.label_names) == self.answer.has_names, self.answer
        assert len(set(self.label_names)) == len(self.label_names), self.label_names

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the labels in the order of the logits; empty for scores."""
        return self.answer.label_names

    @property
    def num_labels(self) -> int:
        """Width of the logits."""
        return self.answer.num_labels


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """Examples in a fixed order; an example's position is its id.

    Attributes:
        texts: First (or only) text of each example.
        pairs: Second texts, or None where an example is one text.
        labels: Gold labels, or None where they are not known.
        words: The words of the texts, each of which is a row; None where a text is one.
    """

    texts: Sequence[str]
    pairs: Sequence[str] | None = None
    labels: LabelRows | None = None
    words: WordSpans | None = None

    def __post_init__(self) -> None:
        """Check that every field has the same examples."""
        assert self.pairs is None or len(self.pairs) == len(self.texts), (len(self.pairs), len(self.texts))
        assert self.labels is None or len(self.labels) == len(self.texts), (len(self.labels), len(self.texts))
        assert self.words is None or len(self.words) == len(self.texts), (len(self.words), len(self.texts))

    def __len__(self) -> int:
        """Count the examples."""
        return len(self.texts)

    @property
    def row_offsets(self) -> NDArray[np.int64]:
        """Example i has the rows of logits `[i]:[i + 1]`."""
        return np.arange(len(self) + 1, dtype=np.int64) if self.words is None else self.words.offsets

    def words_of(self, example: int) -> tuple[str, ...]:
        """List the words of an example; none where a text is one row."""
        text = self.texts[example]
        return () if self.words is None else tuple(text[start:end] for start, end in self.words.spans(example))

    @property
    def has_labels(self) -> bool:
        """Whether every example has a gold label."""
        return self.labels is not None and bool(self.labels.has_rows(np.arange(len(self))).all())

    def take(self, example_ids: NDArray[np.int64]) -> "Split":
        """Pick examples.

        Args:
            example_ids: Positions in this split, in the order wanted.

        Returns:
            A split of those examples, whose ids count from 0 again.
        """
        places = example_ids.tolist()
        return Split(
            texts=[self.texts[place] for place in places],
            pairs=None if self.pairs is None else [self.pairs[place] for place in places],
            labels=None if self.labels is None else self.labels.take(example_ids),
            words=None if self.words is None else self.words.take(example_ids),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TaskData:
    """A task with its examples; make it with `task_data`, which computes the fingerprint.

    Attributes:
        task: What is to be predicted.
        train: Labelled examples to learn from.
        dev: Labelled examples to measure on.
        fingerprint: 16 hexadecimal digits that change with the task and any text or label of train, dev and select.
        select: Labelled examples that were held out of train to choose weights; None where dev chooses.
        unlabeled: Texts that lie beside those of train and have no label; None where there are none.
        test: Examples whose labels are often not public; None where there is no such file.
        other_dev: Further labelled splits by name, such as MNLI's `mismatched`; mostly empty.
        other_test: Further splits without labels by name, such as MNLI's `diagnostic`; mostly empty.
        notes: What was read, left out and understood, a clause each.
        is_judged: Whether the labels of dev are the teacher's answers, as there are no gold ones.
    """

    task: Task
    train: Split
    dev: Split
    fingerprint: str
    select: Split | None = None
    unlabeled: Split | None = None
    test: Split | None = None
    other_dev: Mapping[str, Split] = field(default_factory=dict)
    other_test: Mapping[str, Split] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    is_judged: bool = False

    @property
    def choosing(self) -> Split:
        """The examples that choose the weights: those held out of train, or else dev."""
        return self.dev if self.select is None else self.select

    @property
    def measured(self) -> tuple[Split, ...]:
        """All examples on which anything is chosen or measured."""
        others = [split for split in (self.select, self.test) if split is not None]
        return (self.dev, *others, *self.other_dev.values(), *self.other_test.values())

    @property
    def labelled_test(self) -> Mapping[str, Split]:
        """The test set under the name `test` where it has labels, else nothing."""
        return {} if self.test is None or self.test.labels is None else {"test": self.test}


def task_data(
    task: Task,
    train: Split,
    dev: Split,
    *,
    select: Split | None = None,
    test: Split | None = None,
    other_dev: Mapping[str, Split] | None = None,
    other_test: Mapping[str, Split] | None = None,
) -> TaskData:
    """Join a task and its splits, and fingerprint them."""
    total = hashlib.sha256(repr((task.name, task.answer.kind, task.is_pair, task.label_names)).encode())
    for split in (train, dev) if select is None else (train, dev, select):
        assert split.labels is not None, "train, dev and what is held out have labels"
        for texts in (split.texts, split.pairs or ()):
            total.update(f"{len(texts)}\0".encode())
            total.update("".join(f"{len(text)}\0{text}" for text in texts).encode("utf-8", "surrogatepass"))
        total.update(split.labels.values.tobytes())
        if not split.labels.is_one_each:
            total.update(split.labels.offsets.tobytes())
    return TaskData(
        task=task,
        train=train,
        dev=dev,
        fingerprint=total.hexdigest()[:16],
        select=select,
        test=test,
        other_dev=other_dev or {},
        other_test=other_test or {},
    )
