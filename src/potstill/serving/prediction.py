"""What a served model says about one text."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

__all__ = ["Prediction", "to_predictions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a model says about one text.

    Attributes:
        label: The most probable label; None for a regression.
        probabilities: Probability of every label by name; empty for a regression.
        score: The score; None for a classification.
    """

    label: str | None = None
    probabilities: Mapping[str, float]
    score: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Give label and probabilities, or the score, as JSON values."""
        if self.score is not None:
            return {"score": self.score}
        return {"label": self.label, "probabilities": dict(self.probabilities)}


def to_predictions(logits: NDArray[np.float32], label_names: Sequence[str]) -> Iterator[Prediction]:
    """Turn logits into predictions.

    Args:
        logits: Output of the head, [texts, labels].
        label_names: Names of the labels in the order of the logits; empty for a regression.

    Yields:
        One prediction for each row, with the probabilities softmax(logits); they add up to 1.
    """
    if not label_names:
        yield from (Prediction(probabilities={}, score=float(row[0])) for row in logits)
        return
    for row in softmax(logits.astype(np.float64), axis=1).tolist():
        probabilities = dict(zip(label_names, row, strict=True))
        yield Prediction(label=max(probabilities, key=probabilities.__getitem__), probabilities=probabilities)
