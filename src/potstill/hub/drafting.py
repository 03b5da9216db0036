"""An encoder without weights, of which only the sizes are wanted."""

from collections.abc import Sequence

import torch
from tokenizers import Tokenizer as RawTokenizer
from tokenizers import models
from transformers import BertConfig, PretrainedConfig, PreTrainedTokenizerFast

from potstill.errors import ModelError, tell_reason
from potstill.hub.encoder import Encoder
from potstill.hub.heads import Head, saved_head
from potstill.hub.loading import build_encoder
from potstill.hub.opening import open_config, open_model
from potstill.hub.tokenizing import Tokenizer


def draft_encoder(name: str | None = None) -> Encoder:
    """Make a classifier of two labels whose weights take no memory (torch's `meta` device), from its config alone.

    Args:
        name: As for `resolve_model`; None = BERT-base, uncased.

    Returns:
        The encoder; it can be measured and not run, and its tokenizer knows only padding.

    Raises:
        ModelError: There is no such model.
    """
    config = BertConfig() if name is None else open_config(name)
    return _draft(config, ("0", "1"))


def draft_classifier(name: str) -> Encoder:
    """Make a saved classifier or regressor without its weights, for counting them.

    Args:
        name: As for `resolve_model`.

    Returns:
        The encoder, as `draft_encoder` makes it, with the labels of its config.

    Raises:
        ModelError: There is no such model.
    """
    saved = open_model(name)
    return _draft(saved.config, saved.label_names(), saved_head(saved.config))


def _draft(config: PretrainedConfig, label_names: Sequence[str], head: Head = "text") -> Encoder:
    padding = "[PAD]"
    raw = RawTokenizer(models.WordLevel({padding: 0}, unk_token=padding))
    tokenizer = Tokenizer(PreTrainedTokenizerFast(tokenizer_object=raw, pad_token=padding))
    try:
        with torch.device("meta"):
            return build_encoder(config, tokenizer, label_names=label_names, head=head)
    except Exception as error:  # as odd as the config is, so odd is what its model raises
        where = config.name_or_path or config.model_type
        raise ModelError(
            f"no model can be made of the config.json of '{where}' ({tell_reason(error)}); mend it."
        ) from None
