"""Closed forms that make a wide encoder narrow: a basis, a product of lower rank, the fits of a linear and a norm."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

RIDGE = 0.1
"""Strength of the pull towards what is known beforehand, in units of the inputs' mean variance; ours, tried from
0.001 to 0.3 on MiniLM cut from 384 to 192 wide: 0.1 and 0.3 are equally good, less is worse."""


def find_basis(
    states: Sequence[Float[Tensor, "_ source_hidden"]], *, width: int
) -> Float[Tensor, "source_hidden student_hidden"]:
    """Find the directions of the residual stream that a narrower student keeps.

    The principal directions of all hidden states together, each layer's covariance divided by its trace, with one
    condition: LayerNorm subtracts the mean over the width, so the student's unit vector of ones must stand for the
    source's, or else the student would subtract something of meaning:

        P 1_d / sqrt(d) = 1_D / sqrt(D)      gives      (I - 1_d 1_d^T / d) P^T = P^T (I - 1_D 1_D^T / D)

    Hence P = [1_D / sqrt(D), V] R, where V holds the first d - 1 principal directions orthogonal to the ones and R is
    the reflection that swaps (1, 0, ..) and 1_d / sqrt(d).
    """
    size = states[0].shape[1]
    identity = torch.eye(size, dtype=torch.float64, device=states[0].device)
    if width == size:
        return identity.float()
    centring = identity - 1 / size
    spread = torch.zeros_like(identity)
    for layer in states:
        centred = (layer - layer.mean(0)).double() @ centring
        covariance = centred.T @ centred
        spread += covariance / covariance.trace()
    directions = torch.linalg.eigh(spread).eigenvectors[:, size - width + 1 :]
    ones = torch.full_like(identity[:, :1], 1 / math.sqrt(size))
    swap = torch.full((width,), 1 / math.sqrt(width), dtype=torch.float64, device=identity.device)
    swap[0] -= 1
    basis = torch.cat([ones, directions], dim=1)
    if width > 1:
        basis = basis - 2 * torch.outer(basis @ swap, swap) / swap.square().sum()
    return basis.float()


def split_product(
    left: Float[Tensor, "heads left_size rank"], right: Float[Tensor, "heads right_size rank"], *, rank: int
) -> tuple[Float[Tensor, "heads left_size kept"], Float[Tensor, "heads right_size kept"]]:
    """Split each product `left right^T` anew into two factors of lower rank.

    With the singular value decomposition left right^T = U S V^T, the first `rank` columns of U sqrt(S) and
    V sqrt(S) give the nearest product of that rank (Eckart and Young 1936).
    """
    left_basis, left_rest = torch.linalg.qr(left)
    right_basis, right_rest = torch.linalg.qr(right)
    turn, strengths, back = torch.linalg.svd(left_rest @ right_rest.mT)
    root = strengths[:, None, :rank].sqrt()
    return left_basis @ turn[..., :rank] * root, right_basis @ back.mT[..., :rank] * root


def fit_linear(
    inputs: Float[Tensor, "samples in_size"],
    targets: Float[Tensor, "samples out_size"],
    *,
    prior: Float[Tensor, "out_size in_size"],
) -> tuple[Float[Tensor, "out_size in_size"], Float[Tensor, " out_size"]]:
    """Fit a linear layer by least squares, staying near a weight that is known beforehand.

    W, b = argmin  mean |targets - W inputs - b|^2 + ridge |W - prior|^2
    """
    input_mean, target_mean = inputs.mean(0), targets.mean(0)
    centred = (inputs - input_mean).double()
    missing = (targets - target_mean).double() - centred @ prior.double().T
    spread = centred.T @ centred
    spread.diagonal().add_(RIDGE * spread.trace() / len(spread) + torch.finfo(torch.float32).tiny)
    weight = prior + torch.linalg.solve(spread, centred.T @ missing).T.float()
    return weight, target_mean - weight @ input_mean


@torch.no_grad()
def fit_norm(
    norm: nn.LayerNorm, sums: Float[Tensor, "samples hidden"], targets: Float[Tensor, "samples hidden"]
) -> None:
    """Fit scale and shift of a LayerNorm, coordinate by coordinate.

        weight = cov(z, target) / var(z),   bias = mean(target - weight z),   z = (sum - mean(sum)) / std(sum)

    It makes up for the length that the stream lost with the directions that were dropped.
    """
    normal = functional.layer_norm(sums, norm.normalized_shape, eps=norm.eps)
    mean, target_mean = normal.mean(0), targets.mean(0)
    spread = (normal - mean).square().mean(0).clamp_min(torch.finfo(torch.float32).tiny)
    norm.weight.copy_(((normal - mean) * (targets - target_mean)).mean(0) / spread)
    norm.bias.copy_(target_mean - norm.weight * mean)
