"""Put the outputs of a classifier into the order of a task's labels."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from potstill.errors import ModelError
from potstill.hub.encoder import Encoder
from potstill.tensors import Batch, Needs


def reorder_labels(encoder: Encoder, places: Sequence[int], label_names: Sequence[str]) -> Encoder:
    """Permute the rows of the last linear layer, so that logit i means the task's label i.

    Args:
        encoder: A classifier or regressor; changed in place.
        places: For each logit of the model, the index of the same label in the task.
        label_names: The task's names in its order; empty for scores.

    Returns:
        The same encoder, with the task's label names in its config.

    Raises:
        ModelError: The head has no last linear layer as wide as the labels.
    """
    if list(places) != list(range(len(places))):
        layer = _last_layer(encoder, len(places))
        with torch.no_grad():
            layer.weight[list(places)] = layer.weight.clone()
            if layer.bias is not None:
                layer.bias[list(places)] = layer.bias.clone()
    config = encoder.model.config
    if label_names:
        config.id2label = dict(enumerate(label_names))
        config.label2id = {name: index for index, name in enumerate(label_names)}
    encoder.label_names = tuple(label_names)
    return encoder


def set_config_words(encoder: Encoder, words: Mapping[str, str]) -> Encoder:
    """Write fields into a model's config, from which its kind of answer is told when it is loaded again.

    Args:
        encoder: Changed in place.
        words: Fields by name, such as `problem_type`.

    Returns:
        The same encoder.
    """
    for name, word in words.items():
        setattr(encoder.model.config, name, word)
    return encoder


def _last_layer(encoder: Encoder, num_labels: int) -> nn.Linear:
    head = encoder.head_names
    layer = _find_by_effect(encoder, num_labels) if head is None else encoder.model.get_submodule(head.last)
    if isinstance(layer, nn.Linear) and layer.out_features == num_labels:
        return layer
    raise ModelError(
        f"{type(encoder.model).__name__} has its labels in another order than the task, and no linear layer with "
        f"{num_labels} outputs at its end that could be reordered; fine-tune it with the task's own label order."
    )


@torch.no_grad()
def _find_by_effect(encoder: Encoder, num_labels: int) -> nn.Linear | None:
    """Find the one layer of a model whose rows, rolled by one, roll the logits of some texts."""
    draw = torch.Generator().manual_seed(0)
    ids = torch.randint(0, encoder.shape.vocab_size, (2, 8), generator=draw)
    ids = ids.masked_fill(ids == encoder.tokenizer.padding_id, encoder.tokenizer.padding_id + 1).to(encoder.device)
    batch = Batch(
        input_ids=ids,
        token_mask=torch.ones_like(ids, dtype=torch.bool),
        token_type_ids=None,
        labels=None,
        example_ids=torch.arange(2, device=ids.device),
    )
    before = _logits(encoder, batch)
    wanted = before.roll(1, dims=-1)
    if torch.allclose(before, wanted, rtol=1e-4, atol=1e-5):
        return None
    layers = [layer for layer in encoder.model.modules() if isinstance(layer, nn.Linear)]
    found = [
        layer
        for layer in layers
        if layer.out_features == num_labels
        and torch.allclose(_roll(encoder, layer, batch), wanted, rtol=1e-4, atol=1e-5)
    ]
    return found[0] if len(found) == 1 else None


def _roll(encoder: Encoder, layer: nn.Linear, batch: Batch) -> Tensor:
    """Give a batch's logits with the rows of a layer rolled by one, and leave the layer as it was."""
    kept = [(weight, weight.clone()) for weight in layer.parameters()]
    for weight, before in kept:
        weight.copy_(before.roll(1, dims=0))
    try:
        return _logits(encoder, batch)
    finally:
        for weight, before in kept:
            weight.copy_(before)


def _logits(encoder: Encoder, batch: Batch) -> Tensor:
    logits = encoder(batch, Needs(logits=True)).logits
    assert isinstance(logits, Tensor)
    return logits
