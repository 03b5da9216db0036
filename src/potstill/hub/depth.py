"""Run only the first layers of an encoder, where nothing deeper is asked for."""

from collections.abc import Generator
from contextlib import contextmanager

from torch import nn
from transformers import PreTrainedModel
from transformers.utils.output_capturing import maybe_install_capturing_hooks

__all__ = ["first_layers"]

_STACKED = frozenset({"bert", "camembert", "distilbert", "electra", "roberta", "xlm-roberta"})
"""Model types whose hidden state i is what layer i puts out, without a norm after the last."""


@contextmanager
def first_layers(model: PreTrainedModel, depth: int) -> Generator[None]:
    """Let a model's body end after some of its layers while the block lasts.

    Args:
        model: Any model of transformers; one whose layers do not lie in a plain stack runs to its end.
        depth: Layers to run, at least 1; as many as there are, or more, changes nothing.

    Yields:
        Nothing; inside the block the body's last hidden state is that of layer `depth`.
    """
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


def _find_stack(model: PreTrainedModel) -> nn.Module | None:
    if model.config.model_type not in _STACKED:
        return None
    holder: nn.Module = model.base_model.get_submodule(
        "transformer" if model.config.model_type == "distilbert" else "encoder"
    )
    return holder
