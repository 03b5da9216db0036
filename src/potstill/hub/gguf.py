"""Language models in one GGUF file, as transformers reads them: weights are unpacked, and the tokenizer made anew."""

from importlib.util import find_spec
from pathlib import Path

from transformers import AutoConfig, AutoTokenizer, PretrainedConfig, PreTrainedTokenizerFast

from potstill.errors import ModelError, tell_reason
from potstill.files import expand_user
from potstill.hub.agreement import check_tokenizer
from potstill.hub.quiet import quiet
from potstill.hub.tokenizing import Tokenizer

GGUF = ".gguf"


def find_gguf(name: str) -> Path | None:
    """Find the GGUF file that a model's name stands for; None where it is no such file's."""
    if not name.lower().endswith(GGUF):
        return None
    file = expand_user(name)
    if not file.is_file():
        raise ModelError(f"model file '{name}' does not exist; give a GGUF file, or a folder with config.json.")
    if find_spec("gguf") is None:
        raise ModelError(
            f"'{name}' is a GGUF file, which is read with the package gguf, and that is not installed; run \"pip "
            "install 'potstill[label]'\"."
        )
    return file


def open_gguf(file: Path) -> tuple[PretrainedConfig, Tokenizer]:
    """Read the config and the tokenizer of a GGUF file, and hold them against each other."""
    given = {"gguf_file": file.name, "trust_remote_code": False}
    try:
        with quiet():
            config = AutoConfig.from_pretrained(file.parent, **given)
            tokenizer = AutoTokenizer.from_pretrained(file.parent, use_fast=True, **given)
    except Exception as error:  # transformers raises many kinds, also of the libraries below it
        raise ModelError(f"GGUF file '{file}' cannot be read ({tell_reason(error)}); take another one.") from None
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise ModelError(f"GGUF file '{file}' has no usable tokenizer; take a folder with config.json instead.")
    wrapped = Tokenizer(tokenizer)
    check_tokenizer(str(file), config, wrapped)
    return config, wrapped
