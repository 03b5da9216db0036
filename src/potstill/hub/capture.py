"""Queries, keys and values of every layer, taken on the fast SDPA path.

transformers calls one attention function per layer and hands it query, key and value. Ours gives them to a
recorder that comes down as a keyword of the model's forward, then calls the SDPA kernel: no hooks, no state
on modules, no attention maps, and nothing at all where no recorder was passed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from potstill.hub.dropout import drop

ATTENTION_NAME = "potstill_sdpa"


@dataclass(slots=True)
class AttentionRecorder:
    """Receives the attention inputs of one forward pass, layer by layer in order of computation.

    Attributes:
        layers: Layers (1-based) to keep.
        num_seen: Layers that have been computed so far.
        queries: Kept queries by layer, [batch, heads, tokens, head_size].
        keys: Kept keys by layer.
        values: Kept values by layer.
    """

    layers: frozenset[int]
    num_seen: int = 0
    queries: dict[int, Tensor] = field(default_factory=dict)
    keys: dict[int, Tensor] = field(default_factory=dict)
    values: dict[int, Tensor] = field(default_factory=dict)

    def record(self, query: Tensor, key: Tensor, value: Tensor) -> None:
        """Take the next layer's tensors."""
        self.num_seen += 1
        if self.num_seen in self.layers:
            self.queries[self.num_seen] = query
            self.keys[self.num_seen] = key
            self.values[self.num_seen] = value


def _recording_sdpa(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    attention_recorder: AttentionRecorder | None = None,
    **kwargs: Any,  # noqa: ANN401 - handed on to transformers as it came
) -> tuple[Tensor, None]:
    if attention_recorder is not None:
        attention_recorder.record(query, key, value)
    dropout = kwargs.get("dropout", 0.0)
    if dropout > 0.0 and query.device.type == "cpu" and _is_plain(query, key, attention_mask, kwargs):
        scaling = kwargs.get("scaling") or query.shape[-1] ** -0.5
        return _attend_and_drop(query * scaling, key, value, attention_mask, dropout=dropout), None
    output, _ = sdpa_attention_forward(module, query, key, value, attention_mask, **kwargs)
    return output, None


def _is_plain(query: Tensor, key: Tensor, mask: Tensor | None, options: Mapping[str, Any]) -> bool:
    """Say whether attention is what BERT's is: no causal order, no shared heads, nothing added to the scores."""
    is_masked_only = mask is None or mask.dtype == torch.bool
    is_causal = bool(options.get("is_causal")) or options.get("position_bias") is not None
    return is_masked_only and not is_causal and query.shape == key.shape


def _attend_and_drop(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, *, dropout: float) -> Tensor:
    """Attend with dropout on a CPU, where SDPA has no fast kernel for it but writes the probabilities out."""
    scores = query @ key.transpose(-1, -2)
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    return (drop(scores.softmax(dim=-1), dropout) @ value).transpose(1, 2).contiguous()


def _mask_unseen(
    *,
    attention_mask: Tensor | None = None,
    allow_is_bidirectional_skip: bool = False,
    **options: Any,  # noqa: ANN401 - handed on to transformers as it came
) -> Tensor | None:
    """Make transformers' mask without a look at what it holds, for which the host would wait; none hides nothing."""
    can_skip = allow_is_bidirectional_skip and attention_mask is None
    mask: Tensor | None = sdpa_mask(attention_mask=attention_mask, allow_is_bidirectional_skip=can_skip, **options)
    return mask


AttentionInterface.register(ATTENTION_NAME, _recording_sdpa)
AttentionMaskInterface.register(ATTENTION_NAME, _mask_unseen)
