"""What is known of a saved model before its weights are read: tokenizer, label names, longest text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from potstill.hub.encoder import read_words
from potstill.hub.families import count_positions
from potstill.hub.opening import open_model
from potstill.hub.tokenizing import Tokenizer


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDescription:
    """A saved classifier or regressor without its weights.

    Attributes:
        folder: Where it lies, or None where it is on the hub.
        tokenizer: Its tokenizer.
        label_names: Names of the labels in the order of the logits; empty for scores.
        max_tokens: Tokens of the longest text that it can read; None where nothing limits it.
        needs_pairs: Whether it compares two texts and makes no sense of one.
        config_words: The fields of its config that are words, from which its kind of answer is told.
    """

    folder: Path | None
    tokenizer: Tokenizer
    label_names: tuple[str, ...]
    max_tokens: int | None
    needs_pairs: bool = False
    config_words: Mapping[str, str] = field(default_factory=dict)


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
    config, folder = saved.config, Path(saved.where)
    return ModelDescription(
        folder=folder if folder.is_dir() else None,
        tokenizer=saved.tokenizer,
        label_names=saved.label_names(),
        max_tokens=count_positions(config),
        needs_pairs=bool(getattr(config, "is_pair", False)),
        config_words=read_words(config),
    )
