"""Dropout whose random numbers cost little on a CPU.

There torch draws them one by one, which takes longer than everything else that dropout does and, in small students,
than many a matrix product. Here one draw of 64 bits serves four values.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

_LEVELS = 2**16


class _Dropout(nn.Module):
    """In the place of `nn.Dropout`: the same distribution, other draws.

    Attributes:
        p: Share of the values that become 0 in training.
    """

    def __init__(self, p: float) -> None:
        """Take the share."""
        super().__init__()
        self.p = p

    def forward(self, states: Tensor) -> Tensor:
        """Drop values in training; hand them on as they are otherwise."""
        return drop(states, self.p) if self.training else states


def quicken_dropout(module: nn.Module) -> None:
    """Exchange every `nn.Dropout` of a module; the names of its weights and its answers stay the same."""
    for name, child in module.named_children():
        if isinstance(child, nn.Dropout):
            setattr(module, name, _Dropout(child.p).train(child.training))
        else:
            quicken_dropout(child)


def drop(states: Tensor, probability: float) -> Tensor:
    """Set values to 0 at random and scale up the rest, so that the mean stays."""
    if probability == 0.0:
        return states
    dropped = round(probability * _LEVELS)
    if states.device.type != "cpu" or dropped >= _LEVELS:
        return functional.dropout(states, probability)
    draw = _draw_within_compiled_code if torch.compiler.is_compiling() else _draw
    return states * draw(states.detach(), dropped)


def _draw(like: Tensor, dropped: int) -> Tensor:
    """Draw the noise for a tensor of this shape; of 2^16 values `dropped` become 0."""
    draws = torch.empty((like.numel() + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
    levels = draws.view(torch.int16)[: like.numel()].view(like.shape)  # uniform in -2^15 .. 2^15 - 1
    return (levels >= dropped - _LEVELS // 2).to(like.dtype).mul_(_LEVELS / (_LEVELS - dropped))


# The compiler would draw its own random numbers, value by value; so it is not shown what happens in here, and told that
# another call gives other values.
_draw_within_compiled_code = torch.library.custom_op(
    "potstill::draw_dropout_noise", _draw, mutates_args=(), tags=(torch.Tag.nondeterministic_seeded,)
)
_draw_within_compiled_code.register_fake(lambda like, _: like.new_empty(like.shape))
