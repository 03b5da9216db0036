"""Bound the gradient, as a whole or tensor by tensor."""

from collections.abc import Iterable

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from potstill.training.config import StageConfig


@torch.no_grad()
def clip_each_tensor(parameters: Iterable[nn.Parameter], max_norm: float) -> None:
    """Scale down the gradient of every parameter whose own norm is too large, as the published code of BERT does.

    g <- g * min(1, max_norm / (|g| + 1e-6)),   one factor for each tensor
    """
    gradients: list[Tensor] = [parameter.grad for parameter in parameters if parameter.grad is not None]
    if not gradients:
        return
    norms = torch.stack(torch._foreach_norm(gradients))
    factors = (max_norm / (norms + 1e-6)).clamp(max=1.0)
    torch._foreach_mul_(gradients, list(factors.unbind()))


def clip_gradients(accelerator: Accelerator, parameters: Iterable[nn.Parameter], stage: StageConfig) -> None:
    """Bound the gradient as a stage says."""
    if stage.clip_norm is None:
        return
    if stage.clip_scope == "tensor":
        clip_each_tensor(parameters, stage.clip_norm)
    else:
        accelerator.clip_grad_norm_(parameters, stage.clip_norm)
