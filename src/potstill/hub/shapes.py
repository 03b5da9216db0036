"""Encoders of a given shape with random weights, to be timed where there are no weights to load."""

import re

from tokenizers import Tokenizer as RawTokenizer
from tokenizers import models
from transformers import AutoConfig, BertConfig, DistilBertConfig, PretrainedConfig, PreTrainedTokenizerFast

from potstill.errors import ModelError
from potstill.hub.encoder import Encoder
from potstill.hub.loading import build_encoder
from potstill.hub.tokenizing import Tokenizer

_TRANSFORMER = re.compile(r"(\d+)x(\d+)(?:x(\d+))?")
_BILSTM = re.compile(r"bilstm(?::(\d+)x(\d+))?")
_VOCABULARY = 30522
_MOST_WEIGHTS = 1_000_000_000
"""Three times those of BERT-large; 4 GB in float32."""
SHAPE_LABELS = ("no", "yes")
"""Labels of every shape."""


def build_shape(shape: str) -> Encoder:
    """Build a classifier of two classes with random weights and the vocabulary size of BERT.

    Args:
        shape: `LAYERSxWIDTH` or `LAYERSxWIDTHxINNER` for a BERT (inner width: four times the width), `distilbert`, or
            `bilstm` or `bilstm:STATExHEAD` (300 and 400 where left out).

    Returns:
        The encoder in eval mode on the CPU; its tokenizer knows no words.

    Raises:
        ModelError: There is no such shape.
    """
    return build_encoder(make_shape_config(shape), make_shape_tokenizer(), label_names=SHAPE_LABELS)


def make_shape_config(shape: str) -> PretrainedConfig:
    """Read a shape."""
    if shape == "distilbert":
        return DistilBertConfig(vocab_size=_VOCABULARY)
    if found := _BILSTM.fullmatch(shape):
        state, head = (int(size) if size else default for size, default in zip(found.groups(), (300, 400), strict=True))
        _check_size(shape, 8 * state * (300 + state) + 2 * state * head)
        sizes = {"vocab_size": _VOCABULARY, "embedding_size": 300, "lstm_size": state, "head_size": head}
        return AutoConfig.for_model("potstill-bilstm", channels="trained", **sizes)
    if not (found := _TRANSFORMER.fullmatch(shape)) or not (int(found[1]) and int(found[2])):
        raise ModelError(
            f"--shape {shape}: this is no shape; write LAYERSxWIDTH (12x768), LAYERSxWIDTHxINNER (4x312x1200), bilstm, "
            "bilstm:STATExHEAD (bilstm:300x400) or distilbert."
        )
    width = int(found[2])
    num_layers, inner = int(found[1]), int(found[3] or 4 * width)
    _check_size(shape, width * (_VOCABULARY + num_layers * (4 * width + 2 * inner)))
    return BertConfig(
        vocab_size=_VOCABULARY,
        num_hidden_layers=num_layers,
        hidden_size=width,
        intermediate_size=inner,
        num_attention_heads=_count_heads(width),
    )


def _check_size(shape: str, num_weights: int) -> None:
    """Refuse what no encoder is, before the memory is taken for it."""
    if num_weights > _MOST_WEIGHTS:
        raise ModelError(
            f"--shape {shape}: this has {num_weights:,} weights, {4 * num_weights / 2**30:,.0f} GiB; at most "
            f"{_MOST_WEIGHTS:,} are timed."
        )


def _count_heads(width: int) -> int:
    """Take 12 heads as TinyBERT does where they divide the width, else heads of 64, else one."""
    if width % 12 == 0:
        return 12
    return width // 64 if width % 64 == 0 else 1


def make_shape_tokenizer() -> Tokenizer:
    """Make a tokenizer that knows padding and nothing else."""
    raw = RawTokenizer(models.WordLevel({"[PAD]": 0, "[UNK]": 1}, unk_token="[UNK]"))
    inputs = ["input_ids", "token_type_ids", "attention_mask"]
    return Tokenizer(
        PreTrainedTokenizerFast(tokenizer_object=raw, pad_token="[PAD]", unk_token="[UNK]", model_input_names=inputs)
    )
