"""Losses over the vocabulary, a chunk of rows at a time, so that no block [tokens, vocab] outlives its chunk."""

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd.function import once_differentiable

from potstill.tensors import Batch, Loss, VocabularyOutputs, send

Positions: TypeAlias = Literal["tokens", "targets"]
"""tokens = every real token; targets = where a token was chosen to be predicted."""
RowNumbers: TypeAlias = Int[Tensor, " rows"]
"""Positions of a batch, counted through all its examples."""
RowLoss: TypeAlias = Callable[[Tensor, slice], Tensor]
"""From logits of some rows, [rows, vocab], and which rows they are, to the sum of the rows' losses."""

_CHUNK_ELEMENTS = 2**24
"""Logits that exist at a time: 64 MiB in float32, 549 rows of BERT's vocabulary."""


def find_rows(batch: Batch, positions: Positions) -> RowNumbers:
    """Say at which positions the vocabulary is scored; found on the host, which else would wait for their number."""
    host = batch.on_host
    if positions == "tokens":
        chosen = host.token_mask
    else:
        assert host.target_ids is not None, "a stage whose objectives read targets has a masking"
        chosen = host.target_ids >= 0
    return send(chosen.flatten().nonzero()[:, 0], batch.token_mask.device)


def take_rows(block: Float[Tensor, "batch tokens width"], rows: RowNumbers) -> Float[Tensor, "rows width"]:
    """Take some rows of a block with examples and tokens."""
    return block.flatten(0, 1).index_select(0, rows)


def sum_over_rows(
    features: Float[Tensor, "rows width"],
    weight: Float[Tensor, "vocab width"],
    bias: Float[Tensor, " vocab"],
    row_loss: RowLoss,
    *,
    chunk_elements: int = _CHUNK_ELEMENTS,
) -> Loss:
    """Add up a loss of logits over rows, without ever having the logits of all rows.

        sum over rows r of row_loss(weight @ features[r] + bias)

    The gradients are computed together with the loss, chunk by chunk, and kept instead of the logits: as much memory
    as the features and the decoder take. Matrix products are made in the type of the features, all else in float32.
    """
    size = max(1, chunk_elements // len(bias))
    has_gradient = torch.is_grad_enabled()
    total: Tensor = _SumOverRows.apply(features, weight, bias, row_loss, size, has_gradient)  # type: ignore[no-untyped-call]
    return total


def vocabulary_rows(outputs: VocabularyOutputs, features: Float[Tensor, "rows width"]) -> Float[Tensor, "rows vocab"]:
    """Multiply out the logits of some rows."""
    return _multiply(features, outputs.weight, outputs.bias)


def _multiply(features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return (features @ weight.to(features.dtype).T).float() + bias


class _SumOverRows(torch.autograd.Function):
    """Loss and gradients in one go over chunks of rows."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401 - torch gives it no type
        features: Tensor,
        weight: Tensor,
        bias: Tensor,
        row_loss: RowLoss,
        size: int,
        has_gradient: bool,
    ) -> Tensor:
        total = torch.zeros((), device=features.device)
        gradients = [torch.zeros_like(tensor) for tensor in (features, weight, bias)] if has_gradient else []
        for start in range(0, len(features), size):
            rows = slice(start, start + size)
            logits = _multiply(features[rows], weight, bias)
            with torch.set_grad_enabled(has_gradient):
                loss = row_loss(logits.requires_grad_(has_gradient), rows)
            total += loss.detach()
            if has_gradient:
                (pull,) = torch.autograd.grad(loss, logits)
                gradients[2] += pull.sum(dim=0)
                pull = pull.to(features.dtype)
                gradients[0][rows] = pull @ weight.to(features.dtype)
                gradients[1] += pull.T @ features[rows]
        ctx.save_for_backward(*gradients)
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, pull: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401 - as above
        features, weight, bias = ctx.saved_tensors
        return features * pull.to(features.dtype), weight * pull, bias * pull, None, None, None
