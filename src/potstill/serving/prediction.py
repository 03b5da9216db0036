"""What a served model says about one text."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a model says about one text.

    Attributes:
        label: The most probable label; None for a regression, and where a text may have several.
        probabilities: Probability of every label by name; empty for a regression.
        score: The score; None for a classification.
        labels: Where a text may have several labels, those with a probability above one half; else None.
    """

    label: str | None = None
    probabilities: Mapping[str, float]
    score: float | None = None
    labels: tuple[str, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """Give label or labels and probabilities, or the score, as JSON values."""
        if self.score is not None:
            return {"score": self.score}
        if self.labels is not None:
            return {"labels": list(self.labels), "probabilities": dict(self.probabilities)}
        return {"label": self.label, "probabilities": dict(self.probabilities)}


def to_predictions(
    logits: NDArray[np.float32], label_names: Sequence[str], *, has_independent_labels: bool = False
) -> Iterator[Prediction]:
    """Turn logits into predictions."""
    if not label_names:
        yield from (Prediction(probabilities={}, score=float(row[0])) for row in logits)
        return
    if has_independent_labels:
        for row in expit(logits.astype(np.float64)).tolist():
            each = dict(zip(label_names, row, strict=True))
            yield Prediction(labels=tuple(name for name, share in each.items() if share > 0.5), probabilities=each)
        return
    for row in softmax(logits.astype(np.float64), axis=1).tolist():
        probabilities = dict(zip(label_names, row, strict=True))
        yield Prediction(label=max(probabilities, key=probabilities.__getitem__), probabilities=probabilities)
