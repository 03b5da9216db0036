"""How fast a model is: sentences per second over real batches, with the spread between repeats."""

import statistics
from collections.abc import Sequence

import torch

from potstill.engines.predict import evaluating, run_batch
from potstill.hub import Encoder
from potstill.results import Precision, Speed
from potstill.tensors import Batch
from potstill.timing import time_work


def measure_speed(
    encoder: Encoder,
    batches: Sequence[Batch],
    *,
    device: torch.device,
    num_repeats: int = 5,
    precision: Precision = "fp32",
) -> Speed:
    """Time the forward pass.

    The batches lie on the device before the clock starts; one pass over all of them goes ahead untimed, so that
    every shape has been seen; the clock stops once the device has finished.

    Args:
        encoder: The model, on `device`.
        batches: Prepared batches of real lengths; at least one.
        device: Where to run.
        num_repeats: Timed passes, at least 1.
        precision: Number format of the matrix products.

    Returns:
        Throughput: the median and the extremes over the repeats.
    """
    assert num_repeats >= 1, num_repeats
    prepared = [batch.to(device) for batch in batches]
    num_sentences = sum(map(len, prepared))
    with evaluating(encoder):
        seconds = [
            time_work(lambda: [run_batch(encoder, batch, precision=precision) for batch in prepared], device=device)
            for _ in range(1 + num_repeats)
        ][1:]
    return Speed(
        sentences_per_second=num_sentences / statistics.median(seconds),
        slowest=num_sentences / max(seconds),
        fastest=num_sentences / min(seconds),
        num_repeats=num_repeats,
        num_sentences=num_sentences,
        device=device.type,
        num_threads=torch.get_num_threads(),
        precision=precision,
    )


def spread_sample(batches: Sequence[Batch], *, num_sentences: int) -> list[Batch]:
    """Pick batches evenly from a length-sorted list, so that a few stand for the lengths of all.

    Args:
        batches: Batches sorted by length; at least one.
        num_sentences: About how many examples to take, at least 1.

    Returns:
        Every k-th batch, from the middle of each run of k; at least one.
    """
    assert num_sentences >= 1, num_sentences
    step = max(1, round(sum(map(len, batches)) / num_sentences))
    return list(batches[min(step // 2, len(batches) - 1) :: step])
