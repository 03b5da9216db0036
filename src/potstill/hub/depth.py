"""Run only a part of an encoder's layers, where nothing more is asked for."""

from collections.abc import Generator
from contextlib import contextmanager

from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.utils.output_capturing import maybe_install_capturing_hooks

_STACKED = frozenset({"bert", "camembert", "distilbert", "electra", "roberta", "xlm-roberta"})
"""Model types whose hidden state i is what layer i puts out, without a norm after the last."""


@contextmanager
def first_layers(model: PreTrainedModel, depth: int) -> Generator[None]:
    """Let a model's body end after some of its layers while the block lasts."""
    holder = _find_stack(model)
    layers = None if holder is None else holder.layer
    if holder is None or not isinstance(layers, nn.ModuleList) or depth >= len(layers):
        yield
        return
    maybe_install_capturing_hooks(model.base_model)  # once, while all layers are there: later is too late for the rest
    holder.layer = nn.ModuleList(layers[:depth])
    try:
        yield
    finally:
        holder.layer = layers


@contextmanager
def last_layer_at(model: PreTrainedModel, rows: Tensor, columns: Tensor) -> Generator[bool]:
    """Let the last layer of a model go on with some tokens alone, once attention has mixed them with the others."""
    holder = _find_stack(model)
    if holder is None or model.config.model_type == "distilbert" or not isinstance(holder.layer, nn.ModuleList):
        yield False
        return

    def choose(_: nn.Module, states: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return tuple(each[rows, columns][None] for each in states)

    handle = holder.layer[-1].get_submodule("attention.output").register_forward_pre_hook(choose)
    try:
        yield True
    finally:
        handle.remove()


def _find_stack(model: PreTrainedModel) -> nn.Module | None:
    if model.config.model_type not in _STACKED:
        return None
    holder: nn.Module = model.base_model.get_submodule(
        "transformer" if model.config.model_type == "distilbert" else "encoder"
    )
    return holder
