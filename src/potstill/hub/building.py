"""Build a BERT or DistilBERT of given sizes that reads a source's tokens, or a BiLSTM."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor
from transformers import BertConfig, DistilBertConfig

from potstill.architectures import BiLstmConfig
from potstill.errors import ModelError
from potstill.hub.encoder import Encoder
from potstill.hub.heads import Head
from potstill.hub.loading import build_encoder
from potstill.hub.tokenizing import Tokenizer
from potstill.tensors import EncoderShape


def build_bert(
    source: Encoder,
    shape: EncoderShape,
    *,
    dropout: float,
    attention_dropout: float,
    label_names: Sequence[str],
) -> Encoder:
    """Build a randomly initialised BERT classifier.

    Args:
        source: Gives tokenizer, vocabulary, positions, segments and activation.
        shape: Gives layers, widths and heads.
        dropout: Dropout of hidden states and of the head.
        attention_dropout: Dropout of attention probabilities.
        label_names: Names of the labels; empty for scores.

    Returns:
        The encoder in eval mode on the CPU; its weights come from torch's global generator.
    """
    theirs = source.model.config
    config = BertConfig(
        vocab_size=source.shape.vocab_size,
        hidden_size=shape.hidden_size,
        num_hidden_layers=shape.num_layers,
        num_attention_heads=shape.num_heads,
        intermediate_size=shape.feed_forward_size,
        hidden_act=_find_activation(source),
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=attention_dropout,
        max_position_embeddings=_count_positions(source),
        type_vocab_size=max(1, int(getattr(theirs, "type_vocab_size", 2))),
        layer_norm_eps=float(getattr(theirs, "layer_norm_eps", 1e-12)),
        pad_token_id=source.tokenizer.padding_id,
    )
    return build_encoder(config, source.tokenizer, label_names=label_names, head=source.head)


def build_distilbert(
    source: Encoder,
    shape: EncoderShape,
    *,
    dropout: float,
    attention_dropout: float,
    head_dropout: float,
    label_names: Sequence[str],
) -> Encoder:
    """Build a randomly initialised DistilBERT classifier.

    Args:
        source: Gives tokenizer, vocabulary, positions and activation.
        shape: Gives layers, widths and heads.
        dropout: Dropout of hidden states.
        attention_dropout: Dropout of attention probabilities.
        head_dropout: Dropout of the head.
        label_names: Names of the labels; empty for scores.

    Returns:
        The encoder in eval mode on the CPU; its weights come from torch's global generator.
    """
    config = DistilBertConfig(
        vocab_size=source.shape.vocab_size,
        dim=shape.hidden_size,
        n_layers=shape.num_layers,
        n_heads=shape.num_heads,
        hidden_dim=shape.feed_forward_size,
        activation=_find_activation(source),
        dropout=dropout,
        attention_dropout=attention_dropout,
        seq_classif_dropout=head_dropout,
        max_position_embeddings=_count_positions(source),
        pad_token_id=source.tokenizer.padding_id,
    )
    return build_encoder(config, source.tokenizer, label_names=label_names, head=source.head)


def build_bilstm(
    config: BiLstmConfig,
    tokenizer: Tokenizer,
    vectors: Float[Tensor, "vocab size"],
    *,
    label_names: Sequence[str],
    head: Head = "text",
) -> Encoder:
    """Build a BiLSTM classifier with given word vectors.

    Args:
        config: Its sizes; the ids of special tokens are filled in.
        tokenizer: The tokenizer that it will read.
        vectors: By token id; every channel starts from them.
        label_names: Names of the labels; empty for scores.
        head: What the head says something about.

    Returns:
        The encoder in eval mode on the CPU; its other weights come from torch's global generator.

    Raises:
        ModelError: It is for pairs, which the tokenizer does not separate.
    """
    config.pad_token_id = tokenizer.padding_id
    config.cls_token_id = tokenizer.start_id
    config.sep_token_id = tokenizer.separator_id
    if config.is_pair and tokenizer.separator_id is None:
        raise ModelError(
            "the tokenizer puts no separator between two texts, so a BiLSTM cannot tell them apart; set "
            "student.vocabulary.kind = 'words'."
        )
    encoder = build_encoder(config, tokenizer, label_names=label_names, head=head)
    encoder.model.bilstm.embeddings.fill(vectors)
    return encoder


def _find_activation(source: Encoder) -> str:
    return str(getattr(source.model.config, source.family.activation_field, "gelu"))


def _count_positions(source: Encoder) -> int:
    """Count the tokens of the source's longest text; where nothing limits it, of the longest that it was made for."""
    return source.max_tokens or int(source.model.config.max_position_embeddings)
