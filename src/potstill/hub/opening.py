"""One door to a saved model: its config and its tokenizer, held against each other before any weight is read.

No code of a model's author is run here or later, and nobody is asked whether it should be.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import AutoConfig, AutoTokenizer, PretrainedConfig, PreTrainedTokenizerFast
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from potstill.errors import ModelError, tell_reason
from potstill.files import check_folder, read_json
from potstill.hub.agreement import check_labels, check_sizes, check_tokenizer
from potstill.hub.quiet import quiet
from potstill.hub.resolving import resolve_model
from potstill.hub.tokenizing import Tokenizer

_SETTINGS = ("config.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
"""Files of a model's folder that hold one object each, where they are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedModel:
    """A saved model without its weights; config and tokenizer fit each other.

    Attributes:
        name: What the user called it.
        where: Its folder, or its name on the hub.
        config: Its config.
        tokenizer: Its tokenizer.
    """

    name: str
    where: str
    config: PretrainedConfig
    tokenizer: Tokenizer

    def label_names(self) -> tuple[str, ...]:
        """Name the labels in the order of the logits; none for scores."""
        return check_labels(self.name, self.config)


def open_model(name: str) -> SavedModel:
    """Open a saved model and hold its config and its tokenizer against each other.

    Args:
        name: As for `resolve_model`.

    Returns:
        All of it but the weights.

    Raises:
        ModelError: There is no such model, its type is not known, it has no fast tokenizer, or its config and its
            tokenizer contradict each other.
    """
    where = resolve_model(name)
    check_folder(Path(where), remedy="make or copy it anew; if you changed it yourself, delete its checksums.json")
    config = open_config(name)
    tokenizer = load_tokenizer(where, name)
    check_tokenizer(name, config, tokenizer)
    return SavedModel(name=name, where=where, config=config, tokenizer=tokenizer)


def open_config(name: str) -> PretrainedConfig:
    """Read a model's config; sizes that no model has are refused before one is built."""
    where = resolve_model(name)
    for file in _SETTINGS if Path(where).is_dir() else ():
        if (Path(where) / file).is_file():
            read_json(Path(where) / file, remedy="save the model anew")
    try:
        values, _ = PretrainedConfig.get_config_dict(where)
        config = None if _brings_code(values) else AutoConfig.from_pretrained(where, trust_remote_code=False)
    except Exception as error:  # transformers raises many kinds, also of the libraries below it
        what = "its" if Path(where).is_dir() else "there is no folder of this name, and the hub does not give its"
        raise ModelError(f"model '{name}' cannot be loaded: {what} config.json ({tell_reason(error)}).") from None
    if config is None:
        raise ModelError(
            f"model '{name}' is of type '{values.get('model_type')}', which transformers does not have, and brings "
            "Python code of its own (auto_map), which is never run here; take a model of a type that transformers has."
        )
    check_sizes(name, config)
    return config


def load_tokenizer(where: str, name: str) -> Tokenizer:
    """Load a fast tokenizer."""
    try:
        with quiet():
            tokenizer = AutoTokenizer.from_pretrained(where, use_fast=True, trust_remote_code=False)
    except Exception as error:  # as above
        raise ModelError(f"model '{name}' has no usable tokenizer ({tell_reason(error)}).") from None
    if not isinstance(tokenizer, PreTrainedTokenizerFast) or not len(tokenizer.get_vocab()) > len(
        tokenizer.all_special_tokens
    ):
        raise ModelError(
            f"model '{name}' has no usable tokenizer; put its tokenizer.json and tokenizer_config.json beside "
            "config.json."
        )
    return Tokenizer(tokenizer)


def _brings_code(values: dict[str, Any]) -> bool:
    return "auto_map" in values and values.get("model_type") not in CONFIG_MAPPING
