"""The squared distance between two sets of attention scores, from small Gram matrices instead of the scores."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from potstill.objectives.attention import QueriesAndKeys
from potstill.tensors import TokenMask

_RIDGE = 1e-6
"""Added to the diagonal of the teacher's Gram matrix, in units of its mean: texts may have fewer tokens than a head."""


def gram_score_distance(
    student: QueriesAndKeys, teacher: QueriesAndKeys, token_mask: TokenMask
) -> Float[Tensor, "batch heads"]:
    """Add up the squared differences of all scores between real tokens, for each example and head.

    With rows of padding set to 0 and Qt brought to the student's scale, the difference of the scores is, for any P,

        D = (Qs Ks^T - Qt Kt^T) / sqrt(ds) = (E Ks^T + Qt F^T) / sqrt(ds) = L R^T / sqrt(ds)
        E = Qs - Qt P,  F = Ks P^T - Kt,  L = [E, Qt],  R = [Ks, F], both [tokens, ds + dt]
        sum of D^2 = trace(R L^T L R^T) / ds = sum over all entries of (L^T L) o (R^T R) / ds

    so that neither D nor its gradient need ever exist: d/dQs = 2 L (R^T Ks) / ds, d/dKs = 2 R (L^T Qs) / ds.

    P brings the teacher's queries as near to the student's as it can, by least squares. Then E and Qt are orthogonal,
    |D|^2 = (|E Ks^T|^2 + |Qt F^T|^2) / ds is no difference of large terms, and scores that are nearly equal lose no
    more to rounding than if they were compared one by one: at most about 3e-7 |S| / |D| of the value and of its
    gradients, S the scores of both. Heads of one size that are near entry by entry lose nothing beyond 1e-6.
    """
    real = token_mask[:, None, :, None]
    (student_queries, student_keys), (teacher_queries, teacher_keys) = (
        (queries.masked_fill(~real, 0), keys.masked_fill(~real, 0)) for queries, keys in (student, teacher)
    )
    scale = (student_queries.shape[-1] / teacher_queries.shape[-1]) ** 0.5
    distance: Tensor = _Distance.apply(  # type: ignore[no-untyped-call]
        student_queries, student_keys, teacher_queries * scale, teacher_keys
    )
    return distance / student_queries.shape[-1]


class _Distance(torch.autograd.Function):
    """The squared norm of a b^T - c d^T, with gradients of a and b alone."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> Tensor:  # noqa: ANN401 - torch's context
        e, f, turn, own = _split(a, b, c, d)
        e_gram, e_own = e.mT @ e, e.mT @ c
        b_gram, b_beyond = b.mT @ b, b.mT @ f
        ctx.save_for_backward(e, c, b, f, b_gram, b_beyond.mT, e_gram + e_own @ turn, e_own.mT + own @ turn)
        products = (e_gram * b_gram, 2 * e_own * b_beyond, own * (f.mT @ f))
        return torch.stack([product.sum(dim=(-1, -2)) for product in products]).sum(dim=0).clamp(min=0)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None, None]:  # noqa: ANN401 - torch's context
        e, c, b, f, of_e, of_c, of_b, of_f = ctx.saved_tensors
        factor = 2 * gradient[..., None, None]
        return factor * (e @ of_e + c @ of_c), factor * (b @ of_b + f @ of_f), None, None


def _split(a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Find E, F, P and the Gram matrix of c."""
    is_alike = a.shape[-1] == c.shape[-1]  # then P is near 1, and differences of near numbers are exact
    e, f = (a - c, b - d) if is_alike else (a, -d)
    own = c.mT @ c
    diagonal = own.diagonal(dim1=-2, dim2=-1)
    ridge = torch.diag_embed(_RIDGE * diagonal.mean(dim=-1, keepdim=True).expand_as(diagonal))
    turn = torch.linalg.solve_ex(own + ridge, c.mT @ e)[0].nan_to_num(0.0, 0.0, 0.0)  # not all P are good, any is right
    e, f = e - c @ turn, f + b @ turn.mT
    return e, f, turn + torch.eye(a.shape[-1], device=a.device, dtype=a.dtype) if is_alike else turn, own
