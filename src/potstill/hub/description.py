"""What is known of a saved model before its weights are read: tokenizer, label names, longest text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from transformers import AutoConfig

from potstill.errors import ModelError
from potstill.hub.encoder import read_words
from potstill.hub.families import count_positions
from potstill.hub.loading import load_tokenizer, resolve_model
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
    where = resolve_model(name)
    try:
        config = AutoConfig.from_pretrained(where, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        first = str(error).strip().split("\n")[0].rstrip(".")[:200]
        raise ModelError(f"model '{name}' cannot be loaded ({first}).") from None
    labels = () if config.num_labels == 1 else tuple(str(config.id2label[index]) for index in range(config.num_labels))
    return ModelDescription(
        folder=Path(where) if Path(where).is_dir() else None,
        tokenizer=load_tokenizer(where, name),
        label_names=labels,
        max_tokens=count_positions(config),
        needs_pairs=bool(getattr(config, "is_pair", False)),
        config_words=read_words(config),
    )
