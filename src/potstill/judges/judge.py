"""What a judge is: somebody who says of a text which label it has."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

CONTENT_FREE = ("N/A", "", "[MASK]")
"""Texts that say nothing, as in the paper of `calibrate`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a judge says of a text.

    Attributes:
        label: The label; None where it abstains.
        log_probabilities: Natural logarithms by label, of those that were told; empty where none were.
        said: Its own words where they name no label, or why it was not asked.
        tokens: Tokens that were read and written, where they are paid for.
    """

    label: str | None
    log_probabilities: Mapping[str, float] = field(default_factory=dict)
    said: str | None = None
    tokens: tuple[int, int] | None = None

    def to_json(self) -> dict[str, Any]:
        """Give the columns of a table of answers."""
        values: dict[str, Any] = {"label": self.label}
        if self.log_probabilities:
            values["log_probabilities"] = {name: round(value, 6) for name, value in self.log_probabilities.items()}
        if self.said is not None:
            values["said"] = self.said
        return values | ({} if self.tokens is None else {"tokens": list(self.tokens)})


class Judge(ABC):
    """Somebody who is asked.

    Attributes:
        num_together: How many texts it is asked about at a time.
    """

    num_together: int

    @property
    @abstractmethod
    def identity(self) -> Mapping[str, Any]:
        """Say who it is and how it is asked, as JSON values; answers of two identities are not mixed."""

    @abstractmethod
    def ask(self, text: str, pair: str | None) -> Said:
        """Ask about one text, or a pair; several threads may do so at a time."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what is open; nothing is asked afterwards."""


def calibrate(scores: NDArray[np.float64], content_free: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take from the probabilities of labels what the prompt alone makes likely.

        q = softmax(W p),  W = diag(p_cf)^-1;  here: log q = log_softmax(log p - log p_cf)

    p are the probabilities of the labels for a text, p_cf their mean over texts without content. The paper's softmax of
    W p is of probabilities, and its answer is the largest of W p; dividing and adding up to 1 again has the same answer
    and stays a probability.

    Args:
        scores: log p of the labels, up to a constant, [labels].
        content_free: The same for each text without content, [texts, labels].

    Returns:
        log q, [labels].

    Paper:
        Zhao et al. 2021, section 5, arXiv:2102.09690.
    """
    from scipy.special import log_softmax, logsumexp

    prior = logsumexp(log_softmax(content_free, axis=1), axis=0)
    return np.asarray(log_softmax(scores - prior))
