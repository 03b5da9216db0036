"""A model's logits for every example of a split."""

import numpy as np
from numpy.typing import NDArray

from potstill.data import Batches
from potstill.engines.engine import Engine
from potstill.engines.torch_engine import evaluating, make_torch_engine
from potstill.errors import ModelError
from potstill.hub import Encoder
from potstill.progress import ProgressTask
from potstill.results import Precision


def predict(engine: Engine, batches: Batches, *, progress: ProgressTask | None = None) -> NDArray[np.float32]:
    """Let a model answer a split, every example once.

    Args:
        engine: The model.
        batches: The split, tokenised for it.
        progress: A bar that counts examples; it is moved on after each batch.

    Returns:
        Logits in the split's own order, [rows, labels].

    Raises:
        ModelError: A logit is not finite.
    """
    logits: list[NDArray[np.float32]] = []
    order: list[NDArray[np.int64]] = []
    for batch in batches.ordered():
        logits.append(engine.run(batch))
        order.append(batch.example_ids.numpy())
        if progress is not None:
            progress.advance(len(batch))
    rows, example_ids = np.concatenate(logits), np.concatenate(order)
    assert np.array_equal(np.sort(example_ids), np.arange(len(batches.tokenised))), "every example must come once"
    if not (is_finite := np.isfinite(rows).all(axis=1)).all():
        raise ModelError(
            f"{engine.name} gives logits that are not finite for {(~is_finite).sum()} of {len(rows)} examples; "
            f"{engine.backend.cure}."
        )
    return batches.restore(rows, example_ids)


def predict_logits(
    encoder: Encoder, batches: Batches, *, precision: Precision = "fp32", progress: ProgressTask | None = None
) -> NDArray[np.float32]:
    """Let an encoder at hand answer a split, as `predict`.

    Args:
        encoder: The model, on the device where it is to run. Every module is left in the mode, training or eval, in
            which it came.
        batches: The split, tokenised for it.
        precision: Number format of the matrix products.
        progress: A bar that counts examples.

    Returns:
        Logits in the split's own order, [rows, labels].

    Raises:
        ModelError: A logit is not finite.
    """
    with evaluating(encoder):
        return predict(make_torch_engine(encoder, precision=precision), batches, progress=progress)
