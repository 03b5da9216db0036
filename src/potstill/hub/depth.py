"""Run only a part of an encoder's layers, where nothing more is asked for."""

from collections.abc import Generator
from contextlib import contextmanager

from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.utils.output_capturing import maybe_install_capturing_hooks

from potstill.hub.families import find_family


@contextmanager
def first_layers(model: PreTrainedModel, depth: int) -> Generator[None]:
    """Let a model's body end after some of its layers while the block lasts."""
    stack = find_family(model.config).stack
    layers = None if stack is None else model.base_model.get_submodule(stack)
    if stack is None or not isinstance(layers, nn.ModuleList) or depth >= len(layers):
        yield
        return
    maybe_install_capturing_hooks(model.base_model)  # once, while all layers are there: later is too late for the rest
    model.base_model.set_submodule(stack, nn.ModuleList(layers[:depth]))
    try:
        yield
    finally:
        model.base_model.set_submodule(stack, layers)


@contextmanager
def last_layer_at(model: PreTrainedModel, rows: Tensor, columns: Tensor) -> Generator[bool]:
    """Let the last layer of a model go on with some tokens alone, once attention has mixed them with the others."""
    family = find_family(model.config)
    meets_input = None if family.layer is None else family.layer.meets_input
    if family.stack is None or meets_input is None:
        yield False
        return

    def choose(_: nn.Module, states: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return tuple(each[rows, columns][None] for each in states)

    last = model.base_model.get_submodule(family.stack)[-1]
    handle = last.get_submodule(meets_input).register_forward_pre_hook(choose)
    try:
        yield True
    finally:
        handle.remove()
