"""A kind of answer as a user would add it: classes in an order, decided by the median of their probabilities."""

from dataclasses import dataclass
from typing import final

import numpy as np

from potstill.answers import ClassAnswer


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Ordinal(ClassAnswer):
    kind = "ordinal"
    config_fields = {"problem_type": "single_label_classification", "potstill_answer": "ordinal"}

    def decide(self, logits):
        return np.asarray((self.probabilities(logits).cumsum(axis=1) < 0.5).sum(axis=1), dtype=np.int64)
