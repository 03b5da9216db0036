"""A model's logits for every example of a split."""

from collections.abc import Generator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from potstill.data import Batches
from potstill.errors import ModelError
from potstill.hub import Encoder
from potstill.progress import ProgressTask
from potstill.results import Precision
from potstill.tensors import Batch, Needs

_LOGITS = Needs(logits=True)
_DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def predict_logits(
    encoder: Encoder,
    batches: Batches,
    *,
    device: torch.device,
    precision: Precision = "fp32",
    progress: ProgressTask | None = None,
) -> NDArray[np.float32]:
    """Run a model over a split, without dropout and gradients.

    Args:
        encoder: The model, on `device`. Every module is left in the mode, training or eval, in which it came.
        batches: The split, tokenised for this model.
        device: Where the batches are copied to.
        precision: Number format of the matrix products; the logits are float32 in any case.
        progress: A bar that counts examples; it is moved on after each batch.

    Returns:
        Logits in the split's own order, [examples, labels].

    Raises:
        ModelError: A logit is not finite.
    """
    logits: list[Tensor] = []
    order: list[Tensor] = []
    with evaluating(encoder):
        for batch in batches.ordered():
            logits.append(run_batch(encoder, batch.to(device), precision=precision))
            order.append(batch.example_ids)
            if progress is not None:
                progress.advance(len(batch))
    example_ids = torch.cat(order).cpu().numpy()
    assert np.array_equal(np.sort(example_ids), np.arange(len(example_ids))), "every example must come once"
    rows = torch.cat(logits).cpu().numpy()
    if not (is_finite := np.isfinite(rows).all(axis=1)).all():
        raise ModelError(
            f"the model gives logits that are not finite for {(~is_finite).sum()} of {len(rows)} examples; its weights "
            "have diverged, so train it again with a lower learning rate, or evaluate it in fp32."
        )
    ordered = np.empty_like(rows)
    ordered[example_ids] = rows
    return ordered


def run_batch(encoder: Encoder, batch: Batch, *, precision: Precision) -> Tensor:
    """Compute the logits of one batch, without gradients.

    Args:
        encoder: The model.
        batch: Examples on the model's device.
        precision: Number format of the matrix products.

    Returns:
        Logits, [batch, labels], float32, on the model's device.
    """
    dtype = _DTYPES.get(precision)
    with torch.inference_mode(), torch.autocast(batch.input_ids.device.type, dtype=dtype, enabled=dtype is not None):
        logits = encoder(batch, _LOGITS).logits
    assert isinstance(logits, Tensor)
    return logits


@contextmanager
def evaluating(module: nn.Module) -> Generator[None]:
    """Put a module into eval mode for a while.

    Args:
        module: The module; each of its parts gets its own mode back, also where the block raises.

    Yields:
        Nothing.
    """
    training = [part for part in module.modules() if part.training]
    module.eval()
    try:
        yield
    finally:
        for part in training:
            part.training = True
