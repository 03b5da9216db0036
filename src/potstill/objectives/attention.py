"""Scores between the tokens of an example, and how far two sets of them are apart."""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from potstill.tensors import HeadStates, TokenMask

__all__ = ["log_probs", "row_divergence", "token_scores"]


def token_scores(left: HeadStates, right: HeadStates) -> Float[Tensor, "batch heads tokens tokens"]:
    """Score every token against every token: left right^T / sqrt(head_size).

    Args:
        left: Queries, or whatever gives the rows.
        right: Keys, or whatever gives the columns.

    Returns:
        Scores before softmax; padding is not masked yet.
    """
    return left @ right.transpose(-1, -2) / math.sqrt(left.shape[-1])


def log_probs(
    scores: Float[Tensor, "batch heads tokens tokens"], token_mask: TokenMask
) -> Float[Tensor, "batch heads tokens tokens"]:
    """Normalise each row of scores over the real keys.

    Args:
        scores: Scores before softmax.
        token_mask: True = real token.

    Returns:
        Logarithms of attention probabilities, finite everywhere; a padded key's probability is exactly 0.
    """
    padded_keys = ~token_mask[:, None, None, :]
    return scores.masked_fill(padded_keys, torch.finfo(scores.dtype).min).log_softmax(dim=-1)


def row_divergence(
    student: Float[Tensor, "batch heads tokens tokens"],
    teacher: Float[Tensor, "batch heads tokens tokens"],
    token_mask: TokenMask,
) -> Float[Tensor, "batch heads tokens"]:
    """Measure each row's KL(softmax(teacher) || softmax(student)) over the real keys.

    Args:
        student: Scores of the student before softmax.
        teacher: Scores of the teacher before softmax.
        token_mask: True = real token.

    Returns:
        The divergence of each row in nats; rows of padded queries hold values to be left out.
    """
    student_rows, teacher_rows = log_probs(student, token_mask), log_probs(teacher, token_mask)
    return functional.kl_div(student_rows, teacher_rows, reduction="none", log_target=True).sum(dim=-1)
