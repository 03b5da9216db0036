"""What a row says about one family of encoders, that is, about one model type."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerNames:
    """Where the modules of a transformer layer lie in it, named as in `LayerParts`.

    Attributes:
        meets_input: The module in which attention's output meets the layer's input, with the two as its inputs; behind
            it no token reads another. None where there is no such module.
    """

    query: str
    key: str
    value: str
    attention_output: str
    attention_norm: str
    feed_forward_in: str
    feed_forward_out: str
    feed_forward_norm: str
    meets_input: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadNames:
    """Where a classification head lies in a model.

    Attributes:
        last: The linear layer whose outputs are the logits.
        dense: The linear layer before it, over the first token, where a student can be given it.
        activation: Between the two, each unit by itself.
    """

    last: str
    dense: str | None = None
    activation: str = "tanh"


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskedLmNames:
    """Where a masked-LM head lies in a model: logits = decoder(norm(activation(dense(h)))).

    Attributes:
        dense: From the hidden states' width to the word embeddings'.
        norm: Normalises the features.
        activation_field: The field of the config that names the activation; None = it is always gelu.
    """

    dense: str
    norm: str
    activation_field: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One model type.

    Attributes:
        model_type: As in config.json; empty in the row of all that have none.
        architecture: `bilstm` has neither layers nor attention, and is told the words of a batch, exported and counted
            in ways of its own.
        first_position: Of the config's `max_position_embeddings` rows that a text's first token uses; the rows before
            are unused. `behind padding`: the one after the padding id. None = there is no table, and a text of any
            length is read.
        position_switch: A field of the config that says whether there is a table at all.
        mask: `boolean`: True is a real token. `added`: added to the scores as it is.
        can_capture: Whether queries, keys and values can be had; None = where its class runs on transformers' attention
            interface.
        takes_layout: Whether tokens can be put at any position and shown any others by a mask of [tokens, tokens].
        stack: Where in the body a plain list of layers lies, of which the first ones can be run alone: hidden state i
            is what layer i gives. None = all are always run.
        layer: The parts of a layer that is built like BERT's. A student can be cut from a family that has them and a
            head with `dense`.
        head: The classification head; None = its last layer is found by what it does.
        masked_lm: The masked-LM head; None = it has none that can be taken apart.
        inner_size_field: The field of the config with the inner width of the feed-forward block.
        activation_field: The field of the config that names the activation within it.
    """

    model_type: str
    architecture: Literal["transformer", "bilstm"] = "transformer"
    first_position: int | Literal["behind padding"] | None = 0
    position_switch: str | None = None
    mask: Literal["boolean", "added"] = "boolean"
    can_capture: bool | None = None
    takes_layout: bool = False
    stack: str | None = None
    layer: LayerNames | None = None
    head: HeadNames | None = None
    masked_lm: MaskedLmNames | None = None
    inner_size_field: str = "intermediate_size"
    activation_field: str = "hidden_act"

    @property
    def can_cut(self) -> bool:
        """Whether students can be cut from it."""
        return self.stack is not None and self.layer is not None and self.head is not None and bool(self.head.dense)
