"""Time models in turns: within every round each of them does its work, so that noise hits all alike."""

import statistics
from collections.abc import Sequence

from potstill.engines.engine import Engine
from potstill.progress import ProgressTask
from potstill.results import Speed
from potstill.tensors import Batch
from potstill.timing import time_work


def time_in_turns(
    engines: Sequence[Engine],
    works: Sequence[Sequence[Batch]],
    *,
    rounds: int,
    warmup: int = 1,
    progress: ProgressTask | None = None,
) -> list[list[float]]:
    """Time what each model does in each round.

    Args:
        engines: The models.
        works: For each of them the batches of a round.
        rounds: Rounds that are timed, at least 1.
        warmup: Rounds that go ahead untimed, so that every shape has been seen.
        progress: A bar that counts the turns of all models.

    Returns:
        For each model its seconds, one figure for each round.
    """
    assert rounds >= 1, rounds
    seconds: list[list[float]] = [[] for _ in engines]
    for number in range(-warmup, rounds):
        for taken, engine, work in zip(seconds, engines, works, strict=True):
            spent = _time(engine, work)
            if number >= 0:
                taken.append(spent)
            if progress is not None:
                progress.advance()
    return seconds


def measure_speeds(engines: Sequence[Engine], works: Sequence[Sequence[Batch]], *, rounds: int) -> list[Speed]:
    """Measure the throughput of models that take turns.

    Args:
        engines: The models.
        works: For each of them the batches of a round, of real lengths; at least one.
        rounds: Rounds that are timed, at least 1, after one that is not.

    Returns:
        For each model the median and the extremes over the rounds. The batches lie on the model's device before the
        clock starts.
    """
    prepared = [[batch.to(engine.device) for batch in work] for engine, work in zip(engines, works, strict=True)]
    seconds = time_in_turns(engines, prepared, rounds=rounds)
    return [
        _make_speed(engine, own, sum(map(len, work)))
        for engine, own, work in zip(engines, seconds, prepared, strict=True)
    ]


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


def _time(engine: Engine, work: Sequence[Batch]) -> float:
    return time_work(lambda: [engine.run(batch) for batch in work], device=engine.device)


def _make_speed(engine: Engine, seconds: Sequence[float], num_sentences: int) -> Speed:
    return Speed(
        sentences_per_second=num_sentences / statistics.median(seconds),
        slowest=num_sentences / max(seconds),
        fastest=num_sentences / min(seconds),
        num_repeats=len(seconds),
        num_sentences=num_sentences,
        device=engine.device.type,
        num_threads=engine.num_threads,
        precision=engine.precision,
    )
