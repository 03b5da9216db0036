"""The parts of a BERT-like encoder under one set of names, so that a student can be cut from its source."""

from dataclasses import dataclass

from torch import nn
from transformers.activations import ACT2FN

from potstill.errors import ModelError
from potstill.hub.encoder import Encoder

BERT_NAMES = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "attention_output": "attention.output.dense",
    "attention_norm": "attention.output.LayerNorm",
    "feed_forward_in": "intermediate.dense",
    "feed_forward_out": "output.dense",
    "feed_forward_norm": "output.LayerNorm",
}
DISTILBERT_NAMES = {
    "query": "attention.q_lin",
    "key": "attention.k_lin",
    "value": "attention.v_lin",
    "attention_output": "attention.out_lin",
    "attention_norm": "sa_layer_norm",
    "feed_forward_in": "ffn.lin1",
    "feed_forward_out": "ffn.lin2",
    "feed_forward_norm": "output_layer_norm",
}
HEADS = {
    "bert": ("bert.pooler.dense", "classifier", "tanh"),
    "roberta": ("classifier.dense", "classifier.out_proj", "tanh"),
    "xlm-roberta": ("classifier.dense", "classifier.out_proj", "tanh"),
    "camembert": ("classifier.dense", "classifier.out_proj", "tanh"),
    "electra": ("classifier.dense", "classifier.out_proj", "gelu"),
    "distilbert": ("pre_classifier", "classifier", "relu"),
}
"""Where the pooler and the classifier of each model type are, and the activation between them."""


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
        pooler: The linear part of the pooler over the first token.
        pooler_activation: Between the pooler and the classifier: tanh, ReLU or GELU, each unit by itself.
        classifier: Pooled state to logits.
        activation: Between the two halves of the feed-forward block.
    """

    words: nn.Embedding
    positions: nn.Embedding
    first_position: int
    types: nn.Embedding | None
    embedding_norm: nn.LayerNorm
    layers: tuple[LayerParts, ...]
    pooler: nn.Linear
    pooler_activation: nn.Module
    classifier: nn.Linear
    activation: nn.Module

    @property
    def num_positions(self) -> int:
        """Tokens of the longest text."""
        return self.positions.num_embeddings - self.first_position

    def has_head_like(self, other: "EncoderParts") -> bool:
        """Say whether a pooler means the same in both: the same activation behind it."""
        return type(self.pooler_activation) is type(other.pooler_activation)


def find_parts(encoder: Encoder) -> EncoderParts:
    """Find the parts of a BERT-like encoder.

    Args:
        encoder: A BERT, RoBERTa, XLM-R, CamemBERT, ELECTRA or DistilBERT classifier.

    Returns:
        Its own modules, not copies.

    Raises:
        ModelError: The encoder is not built like BERT.
    """
    config = encoder.model.config
    kind = str(config.model_type)
    if kind not in HEADS:
        raise ModelError(
            f"a student cannot be cut from a model of type '{kind}', because its layers are not built like BERT's "
            f"({', '.join(sorted(HEADS))}); use the start 'random'."
        )
    body = encoder.model.base_model
    if hasattr(body, "embeddings_project"):
        raise ModelError(
            f"a student cannot be cut from this '{kind}', because its embeddings are {config.embedding_size} wide and "
            f"its layers {config.hidden_size}; use the start 'random', or a model whose widths agree."
        )
    is_distilbert = kind == "distilbert"
    embeddings = body.embeddings
    padding = embeddings.position_embeddings.padding_idx
    pooler, classifier, pooler_activation = HEADS[kind]
    return EncoderParts(
        words=embeddings.word_embeddings,
        positions=embeddings.position_embeddings,
        first_position=0 if padding is None else padding + 1,
        types=getattr(embeddings, "token_type_embeddings", None),
        embedding_norm=embeddings.LayerNorm,
        layers=tuple(
            _find_layer(layer, DISTILBERT_NAMES if is_distilbert else BERT_NAMES)
            for layer in (body.transformer.layer if is_distilbert else body.encoder.layer)
        ),
        pooler=_linear(encoder.model, pooler),
        pooler_activation=ACT2FN[pooler_activation],
        classifier=_linear(encoder.model, classifier),
        activation=ACT2FN[config.activation if is_distilbert else config.hidden_act],
    )


def _find_layer(layer: nn.Module, names: dict[str, str]) -> LayerParts:
    return LayerParts(
        query=_linear(layer, names["query"]),
        key=_linear(layer, names["key"]),
        value=_linear(layer, names["value"]),
        attention_output=_linear(layer, names["attention_output"]),
        attention_norm=_norm(layer, names["attention_norm"]),
        feed_forward_in=_linear(layer, names["feed_forward_in"]),
        feed_forward_out=_linear(layer, names["feed_forward_out"]),
        feed_forward_norm=_norm(layer, names["feed_forward_norm"]),
    )


def _linear(module: nn.Module, name: str) -> nn.Linear:
    found = module.get_submodule(name)
    assert isinstance(found, nn.Linear), name
    return found


def _norm(module: nn.Module, name: str) -> nn.LayerNorm:
    found = module.get_submodule(name)
    assert isinstance(found, nn.LayerNorm), name
    return found
