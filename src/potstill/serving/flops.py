"""Floating-point operations of one forward pass, from an encoder's sizes alone."""

from potstill.hub import Encoder
from potstill.tensors import EncoderShape


def transformer_flops(shape: EncoderShape, tokens: int) -> int:
    """Count the operations of a BERT-like encoder on one text.

        layers * (2 (4 d^2 + 2 d d_i) L + 4 L^2 d) + 2 d^2 L

    with width d, inner width d_i and L tokens; a product and its sum are two operations. The last term is one dense
    layer over all tokens, with which the formula gives the figures of the TinyBERT paper.

    Example:
        >>> bert_base = EncoderShape(
        ...     num_layers=12, hidden_size=768, feed_forward_size=3072, num_heads=12, vocab_size=30522, num_labels=2
        ... )
        >>> round(transformer_flops(bert_base, 128) / 1e9, 2)
        22.5

    Paper:
        Jiao et al. 2020, table 1, arXiv:1909.10351.
    """
    width, inner = shape.hidden_size, shape.feed_forward_size
    products = 2 * (4 * width**2 + 2 * width * inner) * tokens
    attention = 4 * tokens**2 * width
    return shape.num_layers * (products + attention) + 2 * width**2 * tokens


def bilstm_flops(*, embedding_size: int, lstm_size: int, head_size: int, num_labels: int, tokens: int) -> int:
    """Count the operations of a BiLSTM with a head of two layers on one text.

        2 directions * 2 * 4 H (E + H) L + 2 (2 H F + F C)

    Example:
        >>> bilstm_flops(embedding_size=300, lstm_size=300, head_size=400, num_labels=2, tokens=128)
        369121600
    """
    per_token = 2 * 2 * 4 * lstm_size * (embedding_size + lstm_size)
    return per_token * tokens + 2 * (2 * lstm_size * head_size + head_size * num_labels)


def count_flops(encoder: Encoder, tokens: int) -> int:
    """Count the operations of an encoder on one text."""
    config = encoder.model.config
    if encoder.family.architecture == "transformer":
        return transformer_flops(encoder.shape, tokens)
    num_labels = encoder.shape.num_labels
    of_text = bilstm_flops(
        embedding_size=config.embedding_size * config.num_channels,
        lstm_size=config.lstm_size,
        head_size=config.head_size,
        num_labels=num_labels,
        tokens=tokens,
    )
    if encoder.head == "text":
        return of_text
    of_head: int = 2 * config.head_size * (2 * config.lstm_size + num_labels)
    return of_text + (tokens - 1) * of_head
