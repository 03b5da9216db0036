"""What the objectives on attention share: scores between tokens, their divergence, and the frame of such a loss."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from potstill.layer_map import LayerMap
from potstill.objectives.fitting import pair_layers, require_same_heads, require_teacher
from potstill.objectives.masked_means import RowValues
from potstill.objectives.objective import Objective, ObjectiveConfig
from potstill.tensors import Batch, EncoderOutputs, EncoderShape, Loss, Needs, TokenMask

Scores = Float[Tensor, "batch heads queries keys"]
"""Products of queries and keys before softmax; as many queries as keys, or a block of them."""
QueriesAndKeys = tuple[Float[Tensor, "batch heads tokens _"], Float[Tensor, "batch heads tokens _"]]
"""Of one layer of one encoder; or whatever else gives the rows and the columns of scores."""

_BLOCK = 256
"""Queries whose scores exist at one time."""


class AttentionConfig(ObjectiveConfig, ABC):
    """Settings that objectives share which compare the attention of layer pairs head by head."""

    layer_map: LayerMap = "uniform"
    """Teacher layer that each student layer follows: a strategy, or a list of teacher layers (1-based)."""

    def pair(self, student: EncoderShape, teacher: EncoderShape | None, *, path: str) -> tuple[tuple[int, int], ...]:
        """Pair the layers, and refuse encoders that cannot be compared head by head."""
        teacher = require_teacher(teacher, kind=str(type(self).model_fields["kind"].default), path=path)
        require_same_heads(student, teacher, kind=str(type(self).model_fields["kind"].default), path=path)
        return pair_layers(self.layer_map, student, teacher, path=path)


class AttentionObjective(Objective, ABC):
    """A loss on the attention of layer pairs, added up over them.

    Attributes:
        layer_pairs: Pairs (student layer, teacher layer).
    """

    def __init__(self, layer_pairs: tuple[tuple[int, int], ...]) -> None:
        """Keep the pairs."""
        student_layers = frozenset(layer for layer, _ in layer_pairs)
        teacher_layers = frozenset(layer for _, layer in layer_pairs)
        super().__init__(
            student_needs=Needs(queries=student_layers, keys=student_layers),
            teacher_needs=Needs(queries=teacher_layers, keys=teacher_layers),
        )
        self.layer_pairs = layer_pairs

    def compute(self, student: EncoderOutputs, teacher: EncoderOutputs, batch: Batch) -> Loss:
        """Compute the loss; see `Objective.compute`."""
        terms = [
            self.compare(
                (student.queries[student_layer], student.keys[student_layer]),
                (teacher.queries[teacher_layer], teacher.keys[teacher_layer]),
                batch.token_mask,
            )
            for student_layer, teacher_layer in self.layer_pairs
        ]
        return torch.stack(terms).sum()

    @abstractmethod
    def compare(self, student: QueriesAndKeys, teacher: QueriesAndKeys, token_mask: TokenMask) -> Loss:
        """Measure how far the attention of one student layer is from that of one teacher layer."""


def token_scores(
    left: Float[Tensor, "batch heads queries size"], right: Float[Tensor, "batch heads keys size"]
) -> Scores:
    """Score tokens against tokens: left right^T / sqrt(head_size).

    Args:
        left: Queries, or whatever gives the rows.
        right: Keys, or whatever gives the columns.

    Returns:
        Scores before softmax; padding is not masked yet.
    """
    return left @ right.transpose(-1, -2) / math.sqrt(left.shape[-1])


def log_probs(scores: Scores, token_mask: TokenMask) -> Scores:
    """Normalise each row of scores over the real keys.

    Args:
        scores: Scores before softmax.
        token_mask: True = real token.

    Returns:
        Logarithms of attention probabilities, finite everywhere; a padded key's probability is exactly 0.
    """
    padded_keys = ~token_mask[:, None, None, :]
    return scores.masked_fill(padded_keys, torch.finfo(scores.dtype).min).log_softmax(dim=-1)


def row_divergence(student: Scores, teacher: Scores, token_mask: TokenMask) -> RowValues:
    """Measure each row's KL(softmax(teacher) || softmax(student)) over the real keys."""
    student_rows, teacher_rows = log_probs(student, token_mask), log_probs(teacher, token_mask)
    return functional.kl_div(student_rows, teacher_rows, reduction="none", log_target=True).sum(dim=-1)


def over_query_blocks(
    measure: Callable[[Scores, Scores], RowValues], student: QueriesAndKeys, teacher: QueriesAndKeys
) -> RowValues:
    """Measure rows of scores block by block, so that the scores of all pairs of tokens never exist at one time.

    Scores of a block are computed again in the backward pass instead of being kept; texts of one block keep them.
    """

    def rows(student_queries: Tensor, teacher_queries: Tensor) -> RowValues:
        return measure(token_scores(student_queries, student[1]), token_scores(teacher_queries, teacher[1]))

    if student[0].shape[2] <= _BLOCK:
        return rows(student[0], teacher[0])
    blocks = zip(torch.split(student[0], _BLOCK, dim=2), torch.split(teacher[0], _BLOCK, dim=2), strict=True)
    parts = [checkpoint(rows, *block, use_reentrant=False, preserve_rng_state=False) for block in blocks]
    return torch.cat(parts, dim=2)
