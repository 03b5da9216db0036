"""A batch as an exported model reads it."""

from collections.abc import Collection

import numpy as np
import torch
from numpy.typing import NDArray

from potstill.tensors import Batch


def to_feeds(batch: Batch, names: Collection[str]) -> dict[str, NDArray[np.int64]]:
    """Turn a batch into the inputs of an exported model."""
    types = torch.zeros_like(batch.input_ids) if batch.token_type_ids is None else batch.token_type_ids
    inputs = {
        "input_ids": batch.input_ids,
        "attention_mask": batch.token_mask.long(),
        "token_type_ids": types,
    }
    return {name: inputs[name].numpy() for name in inputs if name in names}
