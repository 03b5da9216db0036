"""Attention scores before softmax: mean squared error, layer by layer."""

from typing import ClassVar, Literal

from potstill.objectives.attention import (
    AttentionConfig,
    AttentionObjective,
    QueriesAndKeys,
    Scores,
    over_query_blocks,
    token_scores,
)
from potstill.objectives.masked_means import Reduction, RowValues, mean_over_pairs, num_pairs
from potstill.objectives.score_gram import gram_score_distance
from potstill.tensors import EncoderShape, Loss, TokenMask

_MASKED = -100.0
"""The published code takes scores at or below this for masked ones."""
_GRAM_TOKENS = 1.6
"""Texts longer than so many times both head sizes together are faster by Gram matrices (attention_loss benchmark)."""


class AttentionScoresConfig(AttentionConfig):
    """Mean squared error between attention scores before softmax, added up over the layers.

        loss = sum over pairs (m, g(m)) of MSE(Q K^T / sqrt(head_size) of student_m, the same of teacher_g(m))

    The MSE is a mean over heads and over pairs (query, key) of real tokens. Head sizes may differ, head counts not.
    For long texts it is computed from Gram matrices of the heads, without the scores; the value is the same, and as
    precise where student and teacher are nearly equal.

    Paper:
        Jiao et al. 2020, equation 7, arXiv:1909.10351.
    """

    needs_teacher: ClassVar[bool] = True
    reads_layers: ClassVar[bool] = True

    kind: Literal["attention_scores"] = "attention_scores"
    reduction: Reduction = "mean"
    """mean = over real pairs; reference = over all tokens x tokens, padded keys as 0, padded queries as they are,
    as in the code of TinyBERT. That pads to 128 tokens; here a batch is padded to its longest text, so on short texts
    the loss is larger by up to the square of the ratio."""

    def build(self, *, student: EncoderShape, teacher: EncoderShape | None, path: str) -> "AttentionScores":
        """Make the objective; see `ObjectiveConfig.build`."""
        return AttentionScores(self.pair(student, teacher, path=path), reduction=self.reduction)


class AttentionScores(AttentionObjective):
    """The objective that `AttentionScoresConfig` builds."""

    def __init__(self, layer_pairs: tuple[tuple[int, int], ...], *, reduction: Reduction) -> None:
        """Keep the pairs and the reduction."""
        super().__init__(layer_pairs)
        self.reduction: Reduction = reduction
        self.reads_padding = reduction == "reference"
        self.unit = "examples" if self.reads_padding else "pairs"

    def compare(self, student: QueriesAndKeys, teacher: QueriesAndKeys, token_mask: TokenMask) -> Loss:
        """Measure one layer pair; see `AttentionObjective.compare`."""
        if self.reduction == "reference":
            return reference_score_mse(student, teacher, token_mask)
        head_sizes = student[0].shape[-1] + teacher[0].shape[-1]
        if token_mask.shape[1] > _GRAM_TOKENS * head_sizes:
            return gram_score_mse(student, teacher, token_mask)
        return direct_score_mse(student, teacher, token_mask)


def direct_score_mse(student: QueriesAndKeys, teacher: QueriesAndKeys, token_mask: TokenMask) -> Loss:
    """Measure the mean squared error between attention scores from the scores themselves."""
    padded_keys = ~token_mask[:, None, None, :]

    def squares(student_scores: Scores, teacher_scores: Scores) -> RowValues:
        return (student_scores - teacher_scores).square().masked_fill(padded_keys, 0).sum(dim=-1)

    return mean_over_pairs(over_query_blocks(squares, student, teacher), token_mask)


def gram_score_mse(student: QueriesAndKeys, teacher: QueriesAndKeys, token_mask: TokenMask) -> Loss:
    """Measure the same as `direct_score_mse` in memory that grows with the length, not with its square."""
    distances = gram_score_distance(student, teacher, token_mask)
    return distances.sum() / (distances.shape[1] * num_pairs(token_mask))


def reference_score_mse(student: QueriesAndKeys, teacher: QueriesAndKeys, token_mask: TokenMask) -> Loss:
    """Measure the mean squared error between attention scores as the code of TinyBERT does."""
    padded_keys = ~token_mask[:, None, None, :]
    ours, theirs = token_scores(*student), token_scores(*teacher)
    ours = ours.masked_fill(padded_keys | (ours <= _MASKED), 0)
    theirs = theirs.masked_fill(padded_keys | (theirs <= _MASKED), 0)
    return (ours - theirs).square().mean()
