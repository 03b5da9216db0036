"""Several teachers that speak with one voice."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import torch

from potstill.teachers.online import Teacher
from potstill.tensors import Batch, EncoderOutputs, Logits, Needs

Combination: TypeAlias = Literal["logits", "probabilities"]
"""What of an ensemble is averaged."""


def combine_logits(logits: Sequence[Logits], *, combine: Combination, weights: Sequence[float] | None = None) -> Logits:
    """Average what several teachers say about the same examples.

        logits         sum_k w_k z_k
        probabilities  log sum_k w_k softmax(z_k), logits whose softmax is the mean of the probabilities

    Args:
        logits: The logits z of each teacher, in the same order of labels.
        combine: What is averaged; probabilities need at least 2 labels.
        weights: How much each teacher counts, > 0, brought to the sum 1; None = all alike.

    Returns:
        The ensemble's logits, float32.

    Paper:
        Hinton, Vinyals and Dean 2015, section 2, arXiv:1503.02531, where the mean may be arithmetic (probabilities)
        or geometric (logits).

    Example:
        >>> one, other = torch.tensor([[0.0, 2.0]]), torch.tensor([[4.0, 0.0]])
        >>> combine_logits([one, other], combine="logits", weights=[3.0, 1.0])
        tensor([[1.0000, 1.5000]])
    """
    shares = torch.tensor([1.0] * len(logits) if weights is None else list(weights))  # on the host, as numbers
    shares = shares / shares.sum()
    if combine == "logits":
        parts = [share * part.float() for share, part in zip(shares.tolist(), logits, strict=True)]
        return torch.stack(parts).sum(dim=0)
    parts = [share + part.float().log_softmax(-1) for share, part in zip(shares.log().tolist(), logits, strict=True)]
    return torch.stack(parts).logsumexp(dim=0)


class EnsembleTeacher:
    """Runs several teachers, and combines their logits."""

    def __init__(
        self, teachers: Sequence[Teacher], *, combine: Combination, weights: Sequence[float] | None = None
    ) -> None:
        """Take the teachers; see `combine_logits`."""
        self.teachers = tuple(teachers)
        self.combine: Combination = combine
        self.weights = weights

    def outputs(self, batch: Batch, needs: Needs) -> EncoderOutputs:
        """Run every teacher on a batch.

        Args:
            batch: Tokenised examples on the teachers' device.
            needs: Logits, and nothing else.

        Returns:
            The combined logits, without gradient.
        """
        assert needs.is_logits_only, f"an ensemble gives only logits, not {needs}"
        parts = [teacher.outputs(batch, needs).logits for teacher in self.teachers]
        return EncoderOutputs(
            logits=combine_logits(
                [part for part in parts if part is not None], combine=self.combine, weights=self.weights
            )
        )
