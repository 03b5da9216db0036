"""A model as a plain function of token ids, with an attention that exports to few standard operators.

The recording SDPA attention and the masks that transformers makes for it turn into dozens of shape operators. For an
export we put in the textbook form, softmax(Q K^T / sqrt(size) + mask) V with a mask of one row per example, which every
runtime fuses and quantises.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface

from potstill.hub.capture import ATTENTION_NAME
from potstill.hub.encoder import Encoder

_EXPORT_NAME = "potstill_export"


class ExportModule(nn.Module):
    """Token ids to logits, with the inputs as positions."""

    def __init__(self, model: nn.Module, names: tuple[str, ...]) -> None:
        """Wrap a model; `names` are the keywords that the positions stand for."""
        super().__init__()
        self.model = model
        self._names = names

    def forward(self, *inputs: Tensor) -> Tensor:
        """Give the logits, [batch, labels]."""
        logits = self.model(**dict(zip(self._names, inputs, strict=True)), return_dict=True).logits
        assert isinstance(logits, Tensor)
        return logits


def input_names(encoder: Encoder) -> tuple[str, ...]:
    """Name the inputs that a model reads, as its tokenizer makes them.

    Args:
        encoder: The model with its tokenizer.

    Returns:
        `input_ids`, `attention_mask` and, where there are segments, `token_type_ids`.
    """
    segments = ("token_type_ids",) if encoder.takes_types and encoder.tokenizer.has_types else ()
    return ("input_ids", "attention_mask", *segments)


@contextmanager
def exporting(encoder: Encoder) -> Generator[ExportModule]:
    """Put a model into the form in which it is exported, for a while.

    Args:
        encoder: The model, in eval mode on the CPU; it is left as it was.

    Yields:
        The function to export; its inputs are those of `input_names`.
    """
    implementation = encoder.model.config._attn_implementation
    if implementation == ATTENTION_NAME:
        encoder.model.set_attn_implementation(_EXPORT_NAME)
    try:
        yield ExportModule(encoder.model, input_names(encoder)).eval()
    finally:
        if implementation == ATTENTION_NAME:
            encoder.model.set_attn_implementation(implementation)


def _plain_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    **kwargs: Any,  # noqa: ANN401 - handed on by transformers
) -> tuple[Tensor, None]:
    del module, kwargs
    scores = query @ key.transpose(2, 3) * (query.shape[-1] ** -0.5 if scaling is None else scaling)
    if attention_mask is not None:
        scores = scores + attention_mask
    return (torch.softmax(scores, dim=-1) @ value).transpose(1, 2), None


def _row_mask(
    *,
    attention_mask: Tensor | None = None,
    dtype: torch.dtype = torch.float32,
    **kwargs: Any,  # noqa: ANN401 - handed on by transformers
) -> Tensor | None:
    """Give 0 for real tokens and the lowest number for padding, [batch, 1, 1, tokens]."""
    del kwargs
    if attention_mask is None:
        return None
    return (1 - attention_mask[:, None, None, :].to(dtype)) * torch.finfo(dtype).min


AttentionInterface.register(_EXPORT_NAME, _plain_attention)
AttentionMaskInterface.register(_EXPORT_NAME, _row_mask)
