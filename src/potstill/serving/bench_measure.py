"""Time models in turns: within every round each of them does the same work, so that noise hits all alike."""

import statistics
from collections.abc import Sequence

import numpy as np

from potstill.engines import Engine
from potstill.processes import process_state
from potstill.progress import ProgressTask
from potstill.serving.bench_report import Latency, Rate
from potstill.tensors import Batch
from potstill.timing import time_work


def take_turns(
    works: Sequence[Sequence[Batch]],
    engines: Sequence[Engine],
    *,
    rounds: int,
    warmup: int,
    progress: ProgressTask,
) -> list[list[float]]:
    """Time what each model does in each round."""
    assert len(works) == len(engines)
    assert rounds >= 1
    seconds: list[list[float]] = [[] for _ in engines]
    for number in range(-warmup, rounds):
        for taken, work, engine in zip(seconds, works, engines, strict=True):
            spent = _time(engine, work)
            if number >= 0:
                taken.append(spent)
            progress.advance()
    return seconds


def make_rates(seconds: Sequence[Sequence[float]], counts: Sequence[int]) -> list[Rate]:
    """Turn the seconds of rounds into sentences per second, and into ratios to the first model."""
    rates: list[Rate] = []
    for mine, count in zip(seconds, counts, strict=True):
        ratios = [(first / counts[0]) / (own / count) for first, own in zip(seconds[0], mine, strict=True)]
        rates.append(
            Rate(
                median=count / statistics.median(mine),
                slowest=count / max(mine),
                fastest=count / min(mine),
                ratio=statistics.median(ratios),
                ratio_range=(min(ratios), max(ratios)),
            )
        )
    return rates


def make_latency(seconds: Sequence[float]) -> Latency:
    """Give the percentiles of answers, in milliseconds."""
    p50, p95, p99 = (1000 * np.percentile(seconds, [50, 95, 99])).tolist()
    return Latency(p50=p50, p95=p95, p99=p99)


def _time(engine: Engine, work: Sequence[Batch]) -> float:
    """Time a model's work."""
    return time_work(lambda: [engine.run(batch) for batch in work], device=process_state().device)
