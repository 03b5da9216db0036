"""A model as a plain function of token ids, with an attention that exports to few standard operators.

The recording SDPA attention and the masks that transformers makes for it turn into dozens of shape operators. For an
export we put in the textbook form, softmax(Q K^T / sqrt(size) + mask) V, which every runtime fuses and quantises. The
mask has one row per example, or one per token where a layer lets tokens see their neighbours alone.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import bidirectional_mask_function

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
        """Give the logits, [batch, labels], or those of every token."""
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


def _plain_mask(
    *,
    q_length: int,
    kv_length: int,
    mask_function: Callable[..., Tensor],
    attention_mask: Tensor | None = None,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
    **kwargs: Any,  # noqa: ANN401 - handed on by transformers
) -> Tensor | None:
    """Give 0 for what is seen and the lowest number for the rest: [batch, 1, 1, tokens], or a row for each query."""
    del kwargs
    lowest = torch.finfo(dtype).min
    padding = None if attention_mask is None else (1 - attention_mask[:, None, None, :].to(dtype)) * lowest
    if mask_function is bidirectional_mask_function:
        return padding
    queries = torch.arange(q_length, device=device)[:, None]
    keys = torch.arange(kv_length, device=device)
    hidden = (1 - mask_function(0, 0, queries, keys).to(dtype)[None, None]) * lowest
    return hidden if padding is None else torch.minimum(padding, hidden)


AttentionInterface.register(_EXPORT_NAME, _plain_attention)
AttentionMaskInterface.register(_EXPORT_NAME, _plain_mask)
