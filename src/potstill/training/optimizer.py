"""The optimizers of a stage, each with its settings; weight decay acts on matrices only."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field
from torch import nn
from torch.optim import Adadelta, AdamW, Optimizer

from potstill.config import Config
from potstill.training.bert_adam import BertAdam

Share: TypeAlias = Annotated[float, Field(ge=0.0, lt=1.0)]
Rate: TypeAlias = Annotated[float, Field(gt=0.0, le=1.0)]
Factor: TypeAlias = Annotated[float, Field(gt=0.0, le=10.0)]
Rates: TypeAlias = Annotated[tuple[Rate, ...], Field(min_length=2)]


class RateConfig(Config):
    """How large the steps are."""

    learning_rate: Rate | Rates = 5e-5
    """Highest step size, reached at the end of the warm-up; student's weights and projections share it. A list has
    several tried before the stage, in short trainings, of which the best one stays."""

    @property
    def rates_to_try(self) -> tuple[float, ...]:
        """The rates of which a trial has to choose; none where there is one rate."""
        return self.learning_rate if isinstance(self.learning_rate, tuple) else ()

    @property
    def rate(self) -> float:
        """The rate, once there is one."""
        assert isinstance(self.learning_rate, float), self.learning_rate
        return self.learning_rate


class AdamWConfig(RateConfig):
    """AdamW with decoupled weight decay.

    Paper:
        Loshchilov and Hutter 2019, arXiv:1711.05101.
    """

    kind: Literal["adamw"] = "adamw"
    """Marks AdamW."""
    weight_decay: float = Field(default=0.01, ge=0.0, le=1.0)
    """Pull towards zero, times the learning rate, on matrices; never on biases and LayerNorm."""
    betas: tuple[Share, Share] = (0.9, 0.999)
    """Decay of the running mean of gradients and of their squares."""
    epsilon: float = Field(default=1e-8, gt=0.0, lt=1.0)
    """Added to the root of the second moment."""

    def build(self, parameters: Iterable[nn.Parameter]) -> Optimizer:
        """Make the optimizer."""
        groups = _group(parameters, self.weight_decay)
        return AdamW(groups, lr=self.rate, betas=self.betas, eps=self.epsilon, fused=True)


class AdadeltaConfig(RateConfig):
    """Adadelta, which finds a step size of its own for every weight.

    Paper:
        Zeiler 2012, arXiv:1212.5701.
    """

    kind: Literal["adadelta"] = "adadelta"
    """Marks Adadelta."""
    learning_rate: Factor | Annotated[tuple[Factor, ...], Field(min_length=2)] = 1.0
    """Factor of the step; 1 is the paper's rule. A list has several tried before the stage."""
    rho: float = Field(default=0.95, gt=0.0, lt=1.0)
    """Decay of the running means of squared gradients and of squared steps."""
    weight_decay: float = Field(default=0.0, ge=0.0, le=1.0)
    """Added to the gradient of matrices, times the weight; never on biases and LayerNorm."""
    epsilon: float = Field(default=1e-6, gt=0.0, lt=1.0)
    """Added under both roots; it decides how large the first steps are."""

    def build(self, parameters: Iterable[nn.Parameter]) -> Optimizer:
        """Make the optimizer; see `AdamWConfig.build`."""
        groups = _group(parameters, self.weight_decay)
        return Adadelta(groups, lr=self.rate, rho=self.rho, eps=self.epsilon)


class BertAdamConfig(RateConfig):
    """Adam as BERT was published with: no bias correction, so its first steps are larger than AdamW's.

    The published code also clips each tensor's gradient by itself (`clip_scope = "tensor"`) and lets the rate rise from
    zero (`schedule.kind = "linear_from_zero"`).

    Paper:
        Devlin et al. 2019, appendix A.2, arXiv:1810.04805; the constants are those of TinyBERT's and PKD's code.
    """

    kind: Literal["bert_adam"] = "bert_adam"
    """Marks BERT's Adam."""
    weight_decay: float = Field(default=0.01, ge=0.0, le=1.0)
    """Pull towards zero, times the learning rate, on matrices; never on biases and LayerNorm."""
    betas: tuple[Share, Share] = (0.9, 0.999)
    """Decay of the running mean of gradients and of their squares."""
    epsilon: float = Field(default=1e-6, gt=0.0, lt=1.0)
    """Added to the root of the second moment."""

    def build(self, parameters: Iterable[nn.Parameter]) -> Optimizer:
        """Make the optimizer; see `AdamWConfig.build`."""
        groups = _group(parameters, self.weight_decay)
        return BertAdam(groups, learning_rate=self.rate, betas=self.betas, epsilon=self.epsilon)


AnyOptimizerConfig: TypeAlias = Annotated[AdadeltaConfig | AdamWConfig | BertAdamConfig, Field(discriminator="kind")]
"""Every optimizer that a stage can name by its `kind`."""


def _group(parameters: Iterable[nn.Parameter], weight_decay: float) -> list[dict[str, Any]]:
    """Part what is trained into matrices, which decay, and biases, LayerNorm and other vectors, which do not."""
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
