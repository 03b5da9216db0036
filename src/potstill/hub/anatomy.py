"""The parts of a BERT-like encoder under one set of names, so that a student can be cut from its source."""

from dataclasses import dataclass

from torch import nn
from transformers.activations import ACT2FN

from potstill.errors import ModelError
from potstill.hub.encoder import Encoder
from potstill.hub.families import list_types
from potstill.hub.family import LayerNames


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerParts:
    """The eight modules of one transformer layer.

        u = h + attention_output(attend(query(h), key(h), value(h)));  h' = attention_norm(u)
        v = h' + feed_forward_out(activation(feed_forward_in(h')));    h'' = feed_forward_norm(v)

    Attributes:
        query: Width to heads x head size.
        key: As query.
        value: As query.
        attention_output: Heads x head size to width.
        attention_norm: Normalises the sum with the layer's input.
        feed_forward_in: Width to inner width.
        feed_forward_out: Inner width to width.
        feed_forward_norm: Normalises the sum with the attention block's output.
    """

    query: nn.Linear
    key: nn.Linear
    value: nn.Linear
    attention_output: nn.Linear
    attention_norm: nn.LayerNorm
    feed_forward_in: nn.Linear
    feed_forward_out: nn.Linear
    feed_forward_norm: nn.LayerNorm


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderParts:
    """The modules of a BERT-like encoder; writing to their weights writes to the encoder.

    Attributes:
        words: Word embeddings.
        positions: Position embeddings.
        first_position: The row of `positions` that the first token uses; the rows before it are unused.
        types: Token type embeddings, or None where the model has none.
        embedding_norm: Normalises the sum of the embeddings.
        layers: The transformer layers, the first at index 0.
        pooler: The linear part of the pooler over the first token; None where every token has a row of logits.
        pooler_activation: Between the pooler and the classifier: tanh, ReLU or GELU, each unit by itself.
        classifier: Pooled state, or that of each token, to logits.
        activation: Between the two halves of the feed-forward block.
    """

    words: nn.Embedding
    positions: nn.Embedding
    first_position: int
    types: nn.Embedding | None
    embedding_norm: nn.LayerNorm
    layers: tuple[LayerParts, ...]
    pooler: nn.Linear | None
    pooler_activation: nn.Module
    classifier: nn.Linear
    activation: nn.Module

    @property
    def num_positions(self) -> int:
        """Tokens of the longest text."""
        return self.positions.num_embeddings - self.first_position

    def has_head_like(self, other: "EncoderParts") -> bool:
        """Say whether a pooler means the same in both: the same activation behind it, or no pooler."""
        has_pooler = (self.pooler is None) == (other.pooler is None)
        return has_pooler and type(self.pooler_activation) is type(other.pooler_activation)


def find_parts(encoder: Encoder) -> EncoderParts:
    """Find the parts of a BERT-like encoder.

    Args:
        encoder: A classifier of a family that students can be cut from.

    Returns:
        Its own modules, not copies.

    Raises:
        ModelError: The encoder is not built like BERT.
    """
    config, family = encoder.model.config, encoder.family
    layer, head = family.layer, encoder.head_names
    if family.stack is None or layer is None or head is None or not family.can_cut:
        raise ModelError(
            f"a student cannot be cut from a model of type '{config.model_type}', because its layers are not built "
            f"like BERT's ({list_types(can_cut=True)}); use the start 'random'."
        )
    body = encoder.model.base_model
    if hasattr(body, "embeddings_project"):
        raise ModelError(
            f"a student cannot be cut from this '{config.model_type}', because its embeddings are "
            f"{config.embedding_size} wide and its layers {config.hidden_size}; use the start 'random', or a model "
            "whose widths agree."
        )
    embeddings = body.embeddings
    return EncoderParts(
        words=embeddings.word_embeddings,
        positions=embeddings.position_embeddings,
        first_position=encoder.first_position,
        types=getattr(embeddings, "token_type_embeddings", None),
        embedding_norm=embeddings.LayerNorm,
        layers=tuple(_find_layer(module, layer) for module in body.get_submodule(family.stack)),
        pooler=None if head.dense is None else _linear(encoder.model, head.dense),
        pooler_activation=ACT2FN[head.activation],
        classifier=_linear(encoder.model, head.last),
        activation=ACT2FN[getattr(config, family.activation_field)],
    )


def _find_layer(layer: nn.Module, names: LayerNames) -> LayerParts:
    return LayerParts(
        query=_linear(layer, names.query),
        key=_linear(layer, names.key),
        value=_linear(layer, names.value),
        attention_output=_linear(layer, names.attention_output),
        attention_norm=_norm(layer, names.attention_norm),
        feed_forward_in=_linear(layer, names.feed_forward_in),
        feed_forward_out=_linear(layer, names.feed_forward_out),
        feed_forward_norm=_norm(layer, names.feed_forward_norm),
    )


def _linear(module: nn.Module, name: str) -> nn.Linear:
    found = module.get_submodule(name)
    assert isinstance(found, nn.Linear), name
    return found


def _norm(module: nn.Module, name: str) -> nn.LayerNorm:
    found = module.get_submodule(name)
    assert isinstance(found, nn.LayerNorm), name
    return found
