"""Adam without bias correction, the optimizer that BERT and the students cut from it were published with."""

import math
from collections.abc import Callable, Iterable
from typing import Any, overload

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.adamw import adamw


class BertAdam(Optimizer):
    """Adam without bias correction, with decoupled weight decay.

        m <- b1 m + (1 - b1) g,   v <- b2 v + (1 - b2) g^2
        p <- p - rate * (m / (sqrt(v) + epsilon) + decay * p)

    Without the correction of m and v for their start at zero, the first step is (1 - b1) / sqrt(1 - b2) = 3.16 times
    Adam's, with the usual betas. A step is torch's fused one of AdamW, told that it has already made endless steps.
    """

    def __init__(
        self,
        params: Iterable[dict[str, Any]],
        *,
        learning_rate: float,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-6,
    ) -> None:
        """Take groups of parameters; a group's `weight_decay` is 0 where it has none."""
        defaults = {"lr": learning_rate, "betas": betas, "eps": epsilon, "weight_decay": 0.0}
        super().__init__(params, defaults)

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Make one step from the gradients."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            self._step_group(group)
        return loss

    def _step_group(self, group: dict[str, Any]) -> None:
        weights: list[Tensor] = [weight for weight in group["params"] if weight.grad is not None]
        if not weights:
            return
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        steps = torch.full((), math.inf, device=weights[0].device)  # 1 - beta^inf = 1: the correction is none
        mean_decay, square_decay = group["betas"]
        adamw(
            weights,
            gradients,
            [self._moment(weight, "mean") for weight in weights],
            [self._moment(weight, "square") for weight in weights],
            [],
            [steps] * len(weights),
            fused=True,
            amsgrad=False,
            beta1=mean_decay,
            beta2=square_decay,
            lr=group["lr"],
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            maximize=False,
        )

    def _moment(self, weight: Tensor, name: str) -> Tensor:
        state = self.state[weight]
        if name not in state:
            state[name] = torch.zeros_like(weight)
        moment: Tensor = state[name]
        return moment
