"""Attention probabilities after softmax: squared error or divergence, layer by layer."""

from typing import ClassVar, Literal

from potstill.objectives.attention import (
    AttentionConfig,
    AttentionObjective,
    QueriesAndKeys,
    Scores,
    log_probs,
    over_query_blocks,
    row_divergence,
)
from potstill.objectives.masked_means import RowValues, mean_over_pairs, mean_over_rows
from potstill.tensors import EncoderShape, Loss, TokenMask

Divergence = Literal["mse", "kl"]


class AttentionProbsConfig(AttentionConfig):
    """Distance between attention probabilities (after softmax, before dropout), added up over the layers.

        mse   mean over heads and real pairs of (student - teacher)^2
        kl    mean over batch of (1 / (heads |x|)) * sum over heads and real queries of KL(teacher row || student row)

    Padded keys are masked before softmax, rows of padded queries are left out. Head sizes may differ, head counts not.
    """

    needs_teacher: ClassVar[bool] = True
    reads_layers: ClassVar[bool] = True

    kind: Literal["attention_probs"] = "attention_probs"
    divergence: Divergence = "mse"
    """mse = squared error of each probability; kl = divergence of each row, in nats."""

    def build(self, *, student: EncoderShape, teacher: EncoderShape | None, path: str) -> "AttentionProbs":
        """Make the objective; see `ObjectiveConfig.build`."""
        return AttentionProbs(self.pair(student, teacher, path=path), divergence=self.divergence)


class AttentionProbs(AttentionObjective):
    """The objective that `AttentionProbsConfig` builds."""

    def __init__(self, layer_pairs: tuple[tuple[int, int], ...], *, divergence: Divergence) -> None:
        """Keep the pairs and the divergence."""
        super().__init__(layer_pairs)
        self.divergence: Divergence = divergence
        self.unit = "pairs" if divergence == "mse" else "examples"

    def compare(self, student: QueriesAndKeys, teacher: QueriesAndKeys, token_mask: TokenMask) -> Loss:
        """Measure one layer pair; see `AttentionObjective.compare`."""
        return attention_prob_distance(student, teacher, token_mask, divergence=self.divergence)


def attention_prob_distance(
    student: QueriesAndKeys, teacher: QueriesAndKeys, token_mask: TokenMask, *, divergence: Divergence
) -> Loss:
    """Measure how far the attention probabilities of one layer are apart."""

    def squares(student_scores: Scores, teacher_scores: Scores) -> RowValues:
        difference = log_probs(student_scores, token_mask).exp() - log_probs(teacher_scores, token_mask).exp()
        return difference.square().sum(dim=-1)

    if divergence == "mse":
        return mean_over_pairs(over_query_blocks(squares, student, teacher), token_mask)
    rows = over_query_blocks(lambda ours, theirs: row_divergence(ours, theirs, token_mask), student, teacher)
    return mean_over_rows(rows, token_mask)
