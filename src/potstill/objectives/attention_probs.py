"""Attention probabilities after softmax: squared error or divergence, layer by layer."""

from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from potstill.layer_map import LayerMap
from potstill.objectives.attention import log_probs, row_divergence, token_scores
from potstill.objectives.fitting import pair_layers, require_same_heads, require_teacher
from potstill.objectives.masked_means import mean_over_pairs, mean_over_rows
from potstill.objectives.objective import Objective, ObjectiveConfig
from potstill.tensors import Batch, EncoderOutputs, EncoderShape, Loss, Needs, TokenMask

__all__ = ["AttentionProbs", "AttentionProbsConfig", "attention_prob_distance"]

Divergence = Literal["mse", "kl"]


class AttentionProbsConfig(ObjectiveConfig):
    """Distance between attention probabilities (after softmax, before dropout), added up over the layers.

        mse   mean over heads and real pairs of (student - teacher)^2
        kl    mean over batch of (1 / (heads |x|)) * sum over heads and real queries of KL(teacher row || student row)

    Padded keys are masked before softmax, rows of padded queries are left out. Head sizes may differ, head counts not.
    """

    needs_teacher: ClassVar[bool] = True

    kind: Literal["attention_probs"] = "attention_probs"
    layer_map: LayerMap = "uniform"
    """Teacher layer that each student layer follows: a strategy, or a list of teacher layers (1-based)."""
    divergence: Divergence = "mse"
    """mse = squared error of each probability; kl = divergence of each row, in nats."""

    def build(self, *, student: EncoderShape, teacher: EncoderShape | None, path: str) -> "AttentionProbs":
        """Make the objective; see `ObjectiveConfig.build`."""
        teacher = require_teacher(teacher, kind=self.kind, path=path)
        require_same_heads(student, teacher, kind=self.kind, path=path)
        return AttentionProbs(pair_layers(self.layer_map, student, teacher, path=path), divergence=self.divergence)


class AttentionProbs(Objective):
    """The objective that `AttentionProbsConfig` builds.

    Attributes:
        layer_pairs: Pairs (student layer, teacher layer).
    """

    def __init__(self, layer_pairs: tuple[tuple[int, int], ...], *, divergence: Divergence) -> None:
        """Keep the pairs."""
        student_layers = frozenset(layer for layer, _ in layer_pairs)
        teacher_layers = frozenset(layer for _, layer in layer_pairs)
        super().__init__(
            student_needs=Needs(queries=student_layers, keys=student_layers),
            teacher_needs=Needs(queries=teacher_layers, keys=teacher_layers),
        )
        self.layer_pairs = layer_pairs
        self.divergence: Divergence = divergence

    def compute(self, student: EncoderOutputs, teacher: EncoderOutputs, batch: Batch) -> Loss:
        """Compute the loss; see `Objective.compute`."""
        terms = [
            attention_prob_distance(
                token_scores(student.queries[student_layer], student.keys[student_layer]),
                token_scores(teacher.queries[teacher_layer], teacher.keys[teacher_layer]),
                batch.token_mask,
                divergence=self.divergence,
            )
            for student_layer, teacher_layer in self.layer_pairs
        ]
        return torch.stack(terms).sum()


def attention_prob_distance(
    student: Float[Tensor, "batch heads tokens tokens"],
    teacher: Float[Tensor, "batch heads tokens tokens"],
    token_mask: TokenMask,
    *,
    divergence: Divergence,
) -> Loss:
    """Measure how far the attention probabilities of one layer are apart.

    Args:
        student: Scores of the student before softmax; the gradient flows here.
        teacher: Scores of the teacher before softmax, taken as constants.
        token_mask: True = real token.
        divergence: Which distance.

    Returns:
        The distance; 0 where both attend alike.
    """
    if divergence == "kl":
        return mean_over_rows(row_divergence(student, teacher, token_mask), token_mask)
    difference = log_probs(student, token_mask).exp() - log_probs(teacher, token_mask).exp()
    return mean_over_pairs(difference.square(), token_mask)
