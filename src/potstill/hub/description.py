"""What is known of a model apart from its weights: tokenizer, label names, longest text."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from potstill.hub.encoder import Encoder, read_words
from potstill.hub.families import count_positions
from potstill.hub.heads import saved_head
from potstill.hub.opening import open_model
from potstill.hub.shapes import SHAPE_LABELS, make_shape_config, make_shape_tokenizer
from potstill.hub.tokenizing import Tokenizer

_LONGEST = 8192
"""Tokens of the longest text that any model is given unless the user says so."""
_UNLIMITED = 512
"""That of a model of which nothing tells how long its texts may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDescription:
    """A classifier or regressor without its weights.

    Attributes:
        tokenizer: Its tokenizer.
        label_names: Names of the labels in the order of the logits; empty for scores.
        max_tokens: Tokens of the longest text that it can read; None where nothing limits it.
        vocab_size: Rows of its table of tokens.
        needs_pairs: Whether it compares two texts and makes no sense of one.
        config_words: The fields of its config that are words, from which its kind of answer is told.
    """

    tokenizer: Tokenizer
    label_names: tuple[str, ...]
    max_tokens: int | None
    vocab_size: int
    needs_pairs: bool = False
    config_words: Mapping[str, str] = field(default_factory=dict)

    @property
    def own_length(self) -> int:
        """Tokens of the longest text that it is meant for: the lesser of what tokenizer and positions allow."""
        limits = [limit for limit in (self.max_tokens, self.tokenizer.max_length) if limit is not None]
        return min((*limits, _LONGEST)) if limits else _UNLIMITED


def describe_model(name: str) -> ModelDescription:
    """Read a model's config and tokenizer.

    Args:
        name: A folder, a finished run folder, or a hub name.

    Returns:
        The description.

    Raises:
        ModelError: There is no such model, its config cannot be read, or it has no tokenizer.
    """
    saved = open_model(name)
    config = saved.config
    return ModelDescription(
        tokenizer=saved.tokenizer,
        label_names=saved.label_names(),
        max_tokens=count_positions(config),
        vocab_size=int(config.vocab_size),
        needs_pairs=bool(getattr(config, "is_pair", False)),
        config_words=read_words(config, head=saved_head(config)),
    )


def describe_encoder(encoder: Encoder) -> ModelDescription:
    """Describe a model at hand.

    Args:
        encoder: A classifier or regressor.

    Returns:
        The description.
    """
    return ModelDescription(
        tokenizer=encoder.tokenizer,
        label_names=encoder.label_names,
        max_tokens=encoder.max_tokens,
        vocab_size=encoder.shape.vocab_size,
        needs_pairs=encoder.needs_pairs,
        config_words=encoder.config_words,
    )


def describe_shape(shape: str) -> ModelDescription:
    """Describe a bare shape.

    Args:
        shape: As for `build_shape`.

    Returns:
        The description; its tokenizer knows no words.

    Raises:
        ModelError: There is no such shape.
    """
    config = make_shape_config(shape)
    return ModelDescription(
        tokenizer=make_shape_tokenizer(),
        label_names=SHAPE_LABELS,
        max_tokens=count_positions(config),
        vocab_size=int(config.vocab_size),
    )
