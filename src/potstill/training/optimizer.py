"""AdamW over a stage's parameters: weight decay on matrices only."""

from collections.abc import Iterable

from torch import nn
from torch.optim import AdamW

from potstill.training.config import OptimizerConfig

__all__ = ["build_optimizer"]


def build_optimizer(parameters: Iterable[nn.Parameter], config: OptimizerConfig) -> AdamW:
    """Make the optimizer of a stage.

    Args:
        parameters: What is trained; parameters without gradient are left out.
        config: Its settings.

    Returns:
        AdamW with two groups: matrices with weight decay; biases, LayerNorm and other vectors without.
    """
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    return AdamW(groups, lr=config.learning_rate, betas=config.betas, eps=config.epsilon, fused=True)
