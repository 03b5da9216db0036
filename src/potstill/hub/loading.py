"""Load encoders by path or hub name: safetensors only, no remote code, one clear sentence where it fails."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from transformers import PretrainedConfig

from potstill.errors import ModelError
from potstill.files import fingerprint_files
from potstill.hub.encoder import Encoder
from potstill.hub.gguf import find_gguf
from potstill.hub.heads import Head, find_auto, saved_head
from potstill.hub.opening import open_config, open_model
from potstill.hub.resolving import resolve_model
from potstill.hub.tokenizing import Tokenizer
from potstill.hub.weights import choose_attention, load_weights


def load_classifier(name: str) -> Encoder:
    """Load a fine-tuned sequence classifier or regressor.

    Args:
        name: As for `resolve_model`.

    Returns:
        The encoder in eval mode on the CPU, float32.

    Raises:
        ModelError: There is no such model, it has no safetensors weights, no trained head or no tokenizer, or these and
            its config do not fit each other.
    """
    saved = open_model(name)
    loaded = load_weights(find_auto(saved_head(saved.config), saved.config), saved, saved.label_names())
    if loaded.misfits:
        raise ModelError(
            f"the weights of model '{name}' do not fit its config.json, which names {saved.config.num_labels} labels: "
            f"{next(iter(loaded.misfits.values()))}; mend the config (id2label has one name for each output of the "
            "head)."
        )
    if loaded.missing:
        raise ModelError(
            f"model '{name}' has no trained classification head (missing: {', '.join(sorted(loaded.missing)[:3])}); "
            "fine-tune it first with 'potstill finetune', or pass it as --teacher-base."
        )
    return loaded.encoder


def load_encoder_base(name: str, *, label_names: Sequence[str], head: Head = "text") -> Encoder:
    """Load a pre-trained encoder and put a new classification head on it.

    Args:
        name: As for `resolve_model`.
        label_names: Names of the labels; empty for scores. The head is random unless the
            checkpoint has one of the same width. Set torch's seed before.
        head: What the head says something about.

    Returns:
        The encoder in eval mode on the CPU, float32.

    Raises:
        ModelError: There is no such model, it has no safetensors weights for all of its body, or no tokenizer, or these
            and its config do not fit each other.
    """
    saved = open_model(name)
    _set_labels(saved.config, label_names)
    return load_weights(find_auto(head, saved.config), saved, label_names).encoder


def build_encoder(
    config: PretrainedConfig, tokenizer: Tokenizer, *, label_names: Sequence[str], head: Head = "text"
) -> Encoder:
    """Make a randomly initialised classifier of a given config.

    Args:
        config: Config of any encoder of transformers.
        tokenizer: The tokenizer that it will read.
        label_names: Names of the labels; empty for scores.
        head: What the head says something about.

    Returns:
        The encoder in eval mode on the CPU, float32. Set torch's seed before.
    """
    _set_labels(config, label_names)
    auto = find_auto(head, config)
    model = auto.from_config(config, attn_implementation=choose_attention(auto, config))
    return Encoder(model, tokenizer, label_names=label_names).eval()


def fingerprint_model(name: str) -> str:
    """Hash a model's weights, config and tokenizer.

    Args:
        name: As for `resolve_model`; it must be a local folder, a GGUF file, or already in the hub's cache.

    Returns:
        16 hexadecimal digits; for a model that is only on the hub, its name and commit.
    """
    if (file := find_gguf(name)) is not None:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()[:16]
    where = Path(resolve_model(name))
    if where.is_dir():
        wanted = ("*.safetensors", "config.json", "*token*.json", "vocab.*", "merges.txt", "*.model")
        return fingerprint_files({path for pattern in wanted for path in where.glob(pattern)})
    return f"{name}@{getattr(open_config(name), '_commit_hash', None)}"


def _set_labels(config: PretrainedConfig, label_names: Sequence[str]) -> None:
    config.num_labels = len(label_names) or 1
    if label_names:
        config.id2label = dict(enumerate(label_names))
        config.label2id = {label: index for index, label in enumerate(label_names)}
