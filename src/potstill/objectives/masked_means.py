"""Means in which padding counts nowhere; none of them waits for the device."""

from typing import Literal, TypeAlias

import torch
from jaxtyping import Float, Int
from torch import Tensor

from potstill.tensors import Batch, Loss, TokenMask

RowValues: TypeAlias = Float[Tensor, "batch heads queries"]
"""One value per head and query."""
Reduction: TypeAlias = Literal["mean", "reference"]
"""mean = our convention, padding left out; reference = the arithmetic of the published code, as each objective says."""

Unit: TypeAlias = Literal["examples", "rows", "tokens", "pairs", "targets"]
"""What a loss is a mean over: examples, rows of logits, real tokens, pairs (query, key) of real tokens, or tokens to be
predicted."""


def count_units(batch: Batch, unit: Unit) -> Int[Tensor, ""]:
    """Count what a loss is a mean over.

    Args:
        batch: Some examples.
        unit: What to count.

    Returns:
        The number, on the batch's device.
    """
    if unit == "pairs":
        return num_pairs(batch.token_mask)
    if unit == "targets":
        assert batch.target_ids is not None, "a stage whose objectives read targets has a masking"
        return (batch.target_ids >= 0).sum()
    if unit == "tokens":
        return batch.token_mask.sum()
    count = batch.num_rows if unit == "rows" else len(batch)
    return torch.full((), count, dtype=torch.int64, device=batch.token_mask.device)


def mean_over_tokens(values: Float[Tensor, "batch tokens"], token_mask: TokenMask) -> Loss:
    """Average over the real tokens of the batch; 0 where there are none, as a teacher may share none."""
    return values.masked_fill(~token_mask, 0).sum() / token_mask.sum().clamp(min=1)


def num_pairs(token_mask: TokenMask) -> Int[Tensor, ""]:
    """Count the pairs (query, key) of real tokens of the batch."""
    return token_mask.sum(dim=1).square().sum()


def mean_over_pairs(row_sums: RowValues, token_mask: TokenMask) -> Loss:
    """Average over heads and pairs (query, key) of real tokens of the batch."""
    total = row_sums.masked_fill(~token_mask[:, None, :], 0).sum()
    return total / (row_sums.shape[1] * num_pairs(token_mask))


def mean_over_rows(values: Float[Tensor, "batch heads tokens"], token_mask: TokenMask) -> Loss:
    """Average over heads and real tokens of each example, then over examples."""
    sums = values.masked_fill(~token_mask[:, None, :], 0).sum(dim=(1, 2))
    return (sums / (values.shape[1] * token_mask.sum(dim=1))).mean()
