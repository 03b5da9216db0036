"""A plug-in: agreement of classes that stand in an order, after Cohen 1968, doi:10.1037/h0026256."""

from typing import ClassVar, Literal

import numpy as np

from potstill.answers import LabelRows, Metric


class QuadraticKappa(Metric):
    """One minus the mean squared distance between answer and label, over that of answers drawn independently."""

    fits: ClassVar[tuple[str, ...]] = ("classification",)
    kind: Literal["quadratic_kappa"] = "quadratic_kappa"

    def compute(self, decided: np.ndarray, gold: LabelRows) -> float:
        """Compare all answers with all labels."""
        expected = np.square(decided[:, None] - gold.values[None]).mean()
        return 1.0 - float(np.square(decided - gold.values).mean() / expected) if expected > 0 else 0.0
