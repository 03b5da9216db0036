"""trust-texts.json: the texts that say when a model can be trusted, so that another form of it can be asked as well."""

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, JsonValue

from potstill.answers import Answer, WordSpans, measure_trust
from potstill.config import Config
from potstill.data import Split, find_new
from potstill.results import REMEASURE, Record, Trust


class KeptTexts(Config):
    """Texts without labels."""

    texts: tuple[str, ...] = Field(min_length=1)
    """The first, or only, text of each example."""
    pairs: tuple[str, ...] | None = None
    """The second ones; absent where an example is one text."""
    words: tuple[tuple[tuple[int, int], ...], ...] | None = None
    """Start and end of the words of each text; absent where a text is one row."""

    @classmethod
    def of(cls, split: Split) -> "KeptTexts":
        """Take the texts of a split."""
        spans = None if split.words is None else tuple(tuple(split.words.spans(place)) for place in range(len(split)))
        return cls(texts=tuple(split.texts), pairs=None if split.pairs is None else tuple(split.pairs), words=spans)

    def open(self) -> Split:
        """Give them as a model reads them."""
        return Split(texts=self.texts, pairs=self.pairs, words=None if self.words is None else WordSpans.of(self.words))


class TrustTexts(Record):
    """Texts from which nothing was learnt, with what the reference says of each."""

    remedy: ClassVar[str] = REMEASURE

    schema_version: Literal[1] = 1
    """Version of this schema."""
    reference: Literal["teacher", "gold"]
    """As in `Trust`."""
    split: str
    """As in `Trust`."""
    num_choices: int = Field(default=1, ge=1)
    """As in `Trust`."""
    max_length: int = Field(ge=1)
    """Longest text in tokens; longer ones are cut."""
    kept: KeptTexts
    """The texts."""
    answers: tuple[JsonValue, ...]
    """What the reference says of each row, as `Answer.decide` gives it."""

    def measure(self, answer: Answer, logits: NDArray[np.floating], *, seen: Split | None = None) -> Trust | None:
        """Measure how often a form of the model agrees with the reference.

        Args:
            answer: What kind of answer it gives.
            logits: What it says of the texts, [rows, labels].
            seen: Texts by which it was made; they are left out.

        Returns:
            The thresholds, and what can be promised; None where no text is left.
        """
        texts = self.kept.open()
        is_new = np.full(len(texts), True) if seen is None else find_new(texts, [seen])
        if not is_new.any():
            return None
        decided, reference, offsets = answer.decide(logits), np.asarray(self.answers), texts.row_offsets
        trust = measure_trust(
            answer.confidence(logits, offsets)[is_new],
            answer.matches(decided, reference, offsets)[is_new],
            reference=self.reference,
            split=self.split,
            num_choices=self.num_choices,
        )
        return trust.model_copy(update={"max_length": self.max_length})
