"""The squared distance between two sets of attention scores, from small Gram matrices instead of the scores."""

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from potstill.objectives.attention import QueriesAndKeys
from potstill.tensors import TokenMask


def gram_score_distance(
    student: QueriesAndKeys, teacher: QueriesAndKeys, token_mask: TokenMask
) -> Float[Tensor, "batch heads"]:
    """Add up the squared differences of all scores between real tokens, for each example and head.

    With L = [Qs / sqrt(ds), -Qt / sqrt(dt)] and R = [Ks, Kt], both [tokens, ds + dt] with rows of padding set to 0,
    the difference of the scores is D = L R^T, and

        sum of D^2 = trace(R L^T L R^T) = sum over all entries of (L^T L) o (R^T R)

    so that neither D nor its gradient need ever exist: d/dL = 2 L (R^T R), d/dR = 2 R (L^T L).

    The sum is a difference of large terms. Its absolute rounding error in float32 is at most about
    2e-7 * sqrt(tokens) * (|Ss|^2 + |St|^2), S the scores of student and teacher; a negative result of rounding is
    returned as 0. Below a relative distance |D|^2 / (|Ss|^2 + |St|^2) of 1e-5 take the scores themselves.
    """
    real = token_mask[:, None, :, None]
    (student_queries, student_keys), (teacher_queries, teacher_keys) = (
        (queries.masked_fill(~real, 0) / math.sqrt(queries.shape[-1]), keys.masked_fill(~real, 0))
        for queries, keys in (student, teacher)
    )
    distance: Tensor = _Distance.apply(  # type: ignore[no-untyped-call]
        student_queries, student_keys, -teacher_queries, teacher_keys
    )
    return distance


class _Distance(torch.autograd.Function):
    """sum((L^T L) o (R^T R)) for L = [a, c], R = [b, d], with gradients of a and b alone."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> Tensor:  # noqa: ANN401 - torch's context
        left, right = torch.cat([a, c], dim=-1), torch.cat([b, d], dim=-1)
        left_gram, right_gram = left.transpose(-1, -2) @ left, right.transpose(-1, -2) @ right
        size = a.shape[-1]
        ctx.save_for_backward(left, right, left_gram[..., :size], right_gram[..., :size])
        return (left_gram * right_gram).sum(dim=(-1, -2)).clamp(min=0)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None, None]:  # noqa: ANN401 - torch's context
        left, right, left_gram, right_gram = ctx.saved_tensors
        factor = 2 * gradient[..., None, None]
        return factor * (left @ right_gram), factor * (right @ left_gram), None, None
