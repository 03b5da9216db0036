"""What a masked language model expects at masks, computed there and, as far as can be, nowhere else."""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from potstill.errors import ModelError
from potstill.hub.depth import last_layer_at
from potstill.hub.encoder import Encoder
from potstill.hub.families import list_types
from potstill.hub.vocabulary import VocabularyHead, find_vocabulary_head
from potstill.tensors import Batch


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layout:
    """How tokens are arranged where they do not simply follow one another.

    Attributes:
        positions: Position of each token in the text, from 0.
        visible: Whether a token (last axis) is seen by a token (the axis before); every token sees at least one.
    """

    positions: Int[Tensor, "batch tokens"]
    visible: Bool[Tensor, "batch tokens tokens"]


def check_layout(encoder: Encoder) -> None:
    """Refuse a model whose tokens cannot be arranged.

    Args:
        encoder: Any masked language model.

    Raises:
        ModelError: It has no table of positions, or bounds its attention itself.
    """
    if not encoder.family.takes_layout:
        raise ModelError(
            f"a model of type '{encoder.model.config.model_type}' cannot read masks beside the words that they stand "
            f"for; it must be one of {list_types(takes_layout=True)}."
        )


def read_masks(
    encoder: Encoder,
    batch: Batch,
    rows: Int[Tensor, " masks"],
    columns: Int[Tensor, " masks"],
    *,
    layout: Layout | None = None,
) -> Float[Tensor, "masks width"]:
    """Read a batch, and give what `score_vocabulary` needs to know of some tokens.

    Most of the last layer and the head are run for these tokens alone.

    Args:
        encoder: A masked language model in eval mode.
        batch: Texts in which tokens are masked, on the model's device.
        rows: Row of each token.
        columns: Its column.
        layout: Arranges the tokens; absent: they follow one another and see all that is no padding.

    Returns:
        Features, in the arithmetic that is open.

    Raises:
        ModelError: The model has no masked-LM head.
    """
    head = _head(encoder)
    inputs: dict[str, Any] = {"input_ids": batch.input_ids, "attention_mask": encoder.attention_mask(batch)}
    if batch.token_type_ids is not None and encoder.takes_types:
        inputs["token_type_ids"] = batch.token_type_ids
    if layout is not None:
        inputs["position_ids"] = layout.positions + encoder.first_position
        inputs["attention_mask"] = layout.visible[:, None]
    with last_layer_at(encoder.model, rows, columns) as is_cut:
        states = encoder.model.base_model(**inputs, return_dict=True)[0]
    return head.transform(states[0] if is_cut else states[rows, columns])


def score_vocabulary(encoder: Encoder, features: Float[Tensor, "masks width"]) -> Float[Tensor, "masks vocab"]:
    """Score the vocabulary; some hundred masks together take half as long for each as some ten.

    Args:
        encoder: A masked language model.
        features: What `read_masks` gave.

    Returns:
        Logits, in the arithmetic that is open.

    Raises:
        ModelError: The model has no masked-LM head.
    """
    head = _head(encoder)
    return torch.nn.functional.linear(features, head.decoder.weight, head.bias)


def _head(encoder: Encoder) -> VocabularyHead:
    encoder.check_vocabulary()
    head = find_vocabulary_head(encoder.model)
    assert head is not None
    return head
