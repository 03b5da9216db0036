"""Random encoder outputs and batches of any shape, for tests of whatever reads them."""

from collections.abc import Callable

import torch
from torch import Tensor

from potstill.tensors import Batch, EncoderOutputs, EncoderShape, Needs, VocabularyOutputs

DECODER = ("vocabulary.weight", "vocabulary.bias")
"""Tensors that have neither examples nor tokens."""


def encoder_shape(*, layers: int = 3, hidden: int = 12, heads: int = 2, labels: int = 3) -> EncoderShape:
    return EncoderShape(
        num_layers=layers,
        hidden_size=hidden,
        feed_forward_size=4 * hidden,
        num_heads=heads,
        vocab_size=50,
        num_labels=labels,
    )


def everything(shape: EncoderShape) -> Needs:
    layers = frozenset(range(1, shape.num_layers + 1))
    return Needs(logits=True, hidden_states=layers | {0}, queries=layers, keys=layers, values=layers, vocabulary=True)


def random_outputs(
    shape: EncoderShape, token_mask: Tensor, *, seed: int, needs: Needs | None = None, scale: float = 1.0
) -> EncoderOutputs:
    """Draw every needed tensor, in an order that does not depend on which are needed."""
    batch, tokens = token_mask.shape
    generator = torch.Generator().manual_seed(seed)
    needs = needs or everything(shape)

    def draw(*sizes: int) -> Tensor:
        return scale * torch.randn(*sizes, generator=generator)

    def heads(wanted: frozenset[int]) -> dict[int, Tensor]:
        size = shape.hidden_size // shape.num_heads
        drawn = {layer: draw(batch, shape.num_heads, tokens, size) for layer in range(1, shape.num_layers + 1)}
        return {layer: drawn[layer] for layer in wanted}

    logits = draw(batch, shape.num_labels)
    hidden = {index: draw(batch, tokens, shape.hidden_size) for index in range(shape.num_layers + 1)}
    return EncoderOutputs(
        logits=logits if needs.logits else None,
        hidden_states={index: hidden[index] for index in needs.hidden_states},
        queries=heads(needs.queries),
        keys=heads(needs.keys),
        values=heads(needs.values),
        vocabulary=_draw_vocabulary(shape, token_mask, seed=seed, scale=scale) if needs.vocabulary else None,
    )


def _draw_vocabulary(shape: EncoderShape, token_mask: Tensor, *, seed: int, scale: float) -> VocabularyOutputs:
    generator = torch.Generator().manual_seed(seed + 10_000)
    width = shape.hidden_size
    return VocabularyOutputs(
        features=scale * torch.randn(*token_mask.shape, width, generator=generator),
        weight=torch.randn(shape.vocab_size, width, generator=generator) / width**0.5,
        bias=torch.randn(shape.vocab_size, generator=generator),
    )


def make_batch(token_mask: Tensor, *, labels: Tensor | None = None) -> Batch:
    """Every second real token of an example is to be predicted."""
    columns = torch.arange(token_mask.shape[1]).expand(token_mask.shape)
    is_target = token_mask & (columns % 2 == 0)
    return Batch(
        input_ids=torch.ones_like(token_mask, dtype=torch.int64),
        token_mask=token_mask,
        token_type_ids=None,
        labels=labels,
        example_ids=torch.arange(len(token_mask)),
        target_ids=torch.where(is_target, (3 * columns + 1) % 50, -100),
    )


def random_batch(token_mask: Tensor, *, num_labels: int, seed: int) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    size = (len(token_mask),)
    scores = torch.randn(size, generator=generator)
    classes = torch.randint(num_labels, size, generator=generator)
    return make_batch(token_mask, labels=scores if num_labels == 1 else classes)


def tensors_of(outputs: EncoderOutputs) -> dict[str, Tensor]:
    """Name every tensor that is there."""
    named = {} if outputs.logits is None else {"logits": outputs.logits}
    for kind in ("hidden_states", "queries", "keys", "values"):
        named |= {f"{kind}.{index}": tensor for index, tensor in getattr(outputs, kind).items()}
    if (vocabulary := outputs.vocabulary) is not None:
        named |= {f"vocabulary.{name}": getattr(vocabulary, name) for name in ("features", "weight", "bias")}
    return named


def change(outputs: EncoderOutputs, edit: Callable[[str, Tensor], Tensor]) -> EncoderOutputs:
    """Edit every tensor; `edit` gets its name, as `tensors_of` gives it."""
    changed = {name: edit(name, tensor) for name, tensor in tensors_of(outputs).items()}

    def part(kind: str) -> dict[str, Tensor]:
        return {name.split(".")[1]: tensor for name, tensor in changed.items() if name.startswith(f"{kind}.")}

    def group(kind: str) -> dict[int, Tensor]:
        return {int(name): tensor for name, tensor in part(kind).items()}

    return EncoderOutputs(
        logits=changed.get("logits"),
        hidden_states=group("hidden_states"),
        queries=group("queries"),
        keys=group("keys"),
        values=group("values"),
        vocabulary=None if outputs.vocabulary is None else VocabularyOutputs(**part("vocabulary")),
    )


def change_tokens(outputs: EncoderOutputs, edit: Callable[[Tensor], Tensor]) -> EncoderOutputs:
    """Edit every tensor that has tokens; `edit` gets and gives [batch, tokens, ...]."""

    def by_token(name: str, tensor: Tensor) -> Tensor:
        if name in ("logits", *DECODER):
            return tensor
        return (
            edit(tensor)
            if name.startswith(("hidden_states", "vocabulary"))
            else edit(tensor.transpose(1, 2)).transpose(1, 2)
        )

    return change(outputs, by_token)
