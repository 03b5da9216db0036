"""One of several classes, the likeliest."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray

from potstill.answers.class_answer import ClassAnswer


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class OneClass(ClassAnswer):
    """One of several classes; the answer is that with the highest logit, the first of equals."""

    kind: ClassVar[str] = "classification"
    config_fields: ClassVar[Mapping[str, str]] = {"problem_type": "single_label_classification"}

    def decide(self, logits: NDArray[np.floating]) -> NDArray[np.int64]:
        """See `Answer.decide`."""
        return np.asarray(logits.argmax(axis=1), dtype=np.int64)
