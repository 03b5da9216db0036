"""What a served model says about one text."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

AnswerField: TypeAlias = Literal["label", "labels", "score", "spans"]
"""The field of a prediction that holds its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A part of a text that bears a label.

    Attributes:
        start: Its first character.
        end: The one behind its last.
        label: What it is.
        text: The characters.
        score: Mean probability of the labels of its words.
    """

    start: int
    end: int
    label: str
    text: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a model says about one text.

    Attributes:
        label: The most probable label; None for a score, and where a text may have several.
        probabilities: Probability of every label by name; empty for a score and for spans.
        score: The score; None where there are labels.
        defers: Where a share of agreement was asked for: whether the model is too unsure of its answer to promise so
            much of it, and the text is for its teacher, or for people; else None.
        logits: What the model gives for every label, before it is made a probability; empty for a score and for spans.
        spans: Where words have labels, the parts of the text that bear one; else None.
        labels: Where a text may have several labels, those with a probability above one half; else None.
        missing: Of a text without a word: which of these fields has no value therefore; else None.
    """

    label: str | None = None
    probabilities: Mapping[str, float]
    score: float | None = None
    labels: tuple[str, ...] | None = None
    spans: tuple[Span, ...] | None = None
    missing: AnswerField | None = None
    defers: bool | None = None
    logits: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Give label or labels and probabilities, score or spans as JSON values; null where the text is empty."""
        return self._answer() | ({} if self.defers is None else {"defers": self.defers})

    def _answer(self) -> dict[str, Any]:
        if self.missing is not None:
            return {self.missing: None} | ({} if self.missing in ("score", "spans") else {"probabilities": {}})
        if self.spans is not None:
            return {"spans": [asdict(span) for span in self.spans]}
        if self.score is not None:
            return {"score": self.score}
        if self.labels is not None:
            return {"labels": list(self.labels), "probabilities": dict(self.probabilities)}
        return {"label": self.label, "probabilities": dict(self.probabilities)}
