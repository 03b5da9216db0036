"""What all answers share that are one of several classes for each word of a text."""

from abc import ABC
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from potstill.answers.answer import Answer
from potstill.answers.one_class import OneClass
from potstill.answers.prediction import AnswerField
from potstill.answers.rows import LabelArray, LabelRows
from potstill.answers.words import WordSpans, find_words
from potstill.results import ClassFidelity


@dataclass(frozen=True, slots=True, kw_only=True)
class WordAnswer(Answer, ABC):
    """One of several classes for each word, the likeliest; a member says what the classes spell."""

    when: ClassVar[str] = "classification"
    row: ClassVar[Literal["text", "word"]] = "word"
    pipeline_tag: ClassVar[str] = "token-classification"
    trained_to: ClassVar[str] = "to give each word a label"
    expects: ClassVar[str] = "each word of a text has one"
    lacks_classes: ClassVar[str | None] = "has a label for each word"
    no_distribution: ClassVar[str | None] = "Every word has a label, so there is no distribution over those of a text."
    answers_with: ClassVar[AnswerField] = "spans"

    @classmethod
    def find_words(cls, texts: Sequence[str]) -> WordSpans | None:
        """See `Answer.find_words`."""
        return find_words(texts)

    def complete_answers(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Answer.complete_answers`."""
        return self._each.complete_answers(rows)

    def read_value(self, cell: str, values: Sequence[str]) -> list[int] | None:
        """See `Answer.read_value`; blanks stand between the labels of a text."""
        names = cell.split()
        return [values.index(name) for name in names] if set(names) <= set(values) else None

    def unusable(self, cell: str, values: Sequence[str]) -> str:
        """See `Answer.unusable`."""
        return self._each.unusable(cell, values)

    def write_value(self, decided: Any, values: Sequence[str], limits: tuple[float, float] | None) -> str:  # noqa: ANN401
        """See `Answer.write_value`."""
        return self._each.write_value(decided, values, limits)

    def pack(self, values: Sequence[Any]) -> LabelRows:
        """See `Answer.pack`; each has one label for each word."""
        offsets = np.concatenate([[0], np.cumsum([len(each) for each in values])]).astype(np.int64)
        return LabelRows(values=np.array([label for each in values for label in each], dtype=np.int64), offsets=offsets)

    def decide(self, logits: NDArray[np.floating]) -> NDArray[np.int64]:
        """See `Answer.decide`."""
        return self._each.decide(logits)

    def targets(self, gold: LabelRows) -> NDArray[np.float64]:
        """See `Answer.targets`."""
        return self._each.targets(gold)

    def choose(self, shares: NDArray[np.floating]) -> dict[str, str | float]:
        """See `Answer.choose`."""
        return self._each.choose(shares)

    def probabilities(self, logits: NDArray[np.floating]) -> NDArray[np.floating]:
        """See `Answer.probabilities`."""
        return self._each.probabilities(logits)

    def fidelity(self, student: NDArray[np.floating], teacher: NDArray[np.floating]) -> ClassFidelity:
        """See `Answer.fidelity`."""
        return self._each.fidelity(student, teacher)

    def agreement(self, student: NDArray[np.floating], other: NDArray[np.floating]) -> float:
        """See `Answer.agreement`."""
        return self._each.agreement(student, other)

    def confidence(self, logits: NDArray[np.floating], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
        """See `Answer.confidence`; that of its least sure word."""
        least = np.ones(len(offsets) - 1)
        owners = np.repeat(np.arange(len(least)), np.diff(offsets))
        np.minimum.at(least, owners, self._each.confidence(logits, np.arange(len(logits) + 1)))
        return least

    def distances(self, student: NDArray[np.floating], teacher: NDArray[np.floating]) -> NDArray[np.float64]:
        """See `Answer.distances`."""
        return self._each.distances(student, teacher)

    def spread(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """See `Answer.spread`; the entropy."""
        return self._each.spread(logits)

    def renumber(self, gold: LabelArray, places: NDArray[np.int64], label_names: tuple[str, ...]) -> LabelArray:
        """See `Answer.renumber`."""
        return self._each.renumber(gold, places, label_names)

    @property
    def _each(self) -> OneClass:
        """A word by itself is one of several classes."""
        return OneClass(label_names=self.label_names)
