"""Attention scores before softmax: mean squared error, layer by layer."""

from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from potstill.layer_map import LayerMap
from potstill.objectives.attention import token_scores
from potstill.objectives.fitting import pair_layers, require_same_heads, require_teacher
from potstill.objectives.masked_means import Reduction, mean_over_pairs
from potstill.objectives.objective import Objective, ObjectiveConfig
from potstill.tensors import Batch, EncoderOutputs, EncoderShape, Loss, Needs, TokenMask

__all__ = ["AttentionScores", "AttentionScoresConfig", "attention_score_mse"]

_MASKED = -100.0
"""The published code takes scores at or below this for masked ones."""


class AttentionScoresConfig(ObjectiveConfig):
    """Mean squared error between attention scores before softmax, added up over the layers.

        loss = sum over pairs (m, g(m)) of MSE(Q K^T / sqrt(head_size) of student_m, the same of teacher_g(m))

    The MSE is a mean over heads and over pairs (query, key) of real tokens. Head sizes may differ, head counts not.

    Paper:
        Jiao et al. 2020, equation 7, arXiv:1909.10351.
    """

    needs_teacher: ClassVar[bool] = True

    kind: Literal["attention_scores"] = "attention_scores"
    layer_map: LayerMap = "uniform"
    """Teacher layer that each student layer follows: a strategy, or a list of teacher layers (1-based)."""
    reduction: Reduction = "mean"
    """mean = over real pairs; reference = over all tokens x tokens, padded keys as 0, padded queries as they are,
    as in the code of TinyBERT."""

    def build(self, *, student: EncoderShape, teacher: EncoderShape | None, path: str) -> "AttentionScores":
        """Make the objective; see `ObjectiveConfig.build`."""
        teacher = require_teacher(teacher, kind=self.kind, path=path)
        require_same_heads(student, teacher, kind=self.kind, path=path)
        return AttentionScores(pair_layers(self.layer_map, student, teacher, path=path), reduction=self.reduction)


class AttentionScores(Objective):
    """The objective that `AttentionScoresConfig` builds.

    Attributes:
        layer_pairs: Pairs (student layer, teacher layer).
    """

    def __init__(self, layer_pairs: tuple[tuple[int, int], ...], *, reduction: Reduction) -> None:
        """Keep the pairs."""
        student_layers = frozenset(layer for layer, _ in layer_pairs)
        teacher_layers = frozenset(layer for _, layer in layer_pairs)
        super().__init__(
            student_needs=Needs(queries=student_layers, keys=student_layers),
            teacher_needs=Needs(queries=teacher_layers, keys=teacher_layers),
        )
        self.layer_pairs = layer_pairs
        self.reduction: Reduction = reduction

    def compute(self, student: EncoderOutputs, teacher: EncoderOutputs, batch: Batch) -> Loss:
        """Compute the loss; see `Objective.compute`."""
        terms = [
            attention_score_mse(
                token_scores(student.queries[student_layer], student.keys[student_layer]),
                token_scores(teacher.queries[teacher_layer], teacher.keys[teacher_layer]),
                batch.token_mask,
                reduction=self.reduction,
            )
            for student_layer, teacher_layer in self.layer_pairs
        ]
        return torch.stack(terms).sum()


def attention_score_mse(
    student: Float[Tensor, "batch heads tokens tokens"],
    teacher: Float[Tensor, "batch heads tokens tokens"],
    token_mask: TokenMask,
    *,
    reduction: Reduction,
) -> Loss:
    """Measure the mean squared error between attention scores.

    Args:
        student: Scores of the student before softmax; the gradient flows here.
        teacher: Scores of the teacher before softmax, taken as constants.
        token_mask: True = real token.
        reduction: mean = over heads and real pairs; reference = over everything, where scores of padded keys
            and scores of -100 or less are set to 0 on both sides.

    Returns:
        The mean squared error.
    """
    if reduction == "mean":
        return mean_over_pairs((student - teacher).square(), token_mask)
    padded_keys = ~token_mask[:, None, None, :]
    student = student.masked_fill(padded_keys | (student <= _MASKED), 0)
    teacher = teacher.masked_fill(padded_keys | (teacher <= _MASKED), 0)
    return (student - teacher).square().mean()
