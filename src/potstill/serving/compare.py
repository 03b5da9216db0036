"""Two models side by side on the same labelled examples: scores, likeness, latency, cost."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, JsonValue

from potstill.config import Config
from potstill.data import BatchConfig, Batches, tokenise
from potstill.errors import DataError
from potstill.evaluation import describe_environment
from potstill.hub import count_parameters
from potstill.progress import Observer
from potstill.results import Fidelity, Interval
from potstill.serving.bench_config import BenchConfig
from potstill.serving.bench_report import Latency, Rate
from potstill.serving.bench_run import run_real
from potstill.serving.bench_subjects import Origin, Runner, load_runner
from potstill.serving.classifier import run_engine
from potstill.serving.examples import Examples, in_task_order


class ComparedModel(Config):
    """One of the models."""

    name: str
    """Last part of its folder, or its hub name."""
    backend: str
    """Where it ran."""
    num_parameters: int = Field(ge=1)
    """Weights."""
    size_bytes: int = Field(ge=1)
    """Bytes of the weights on disk."""
    metrics: dict[str, float]
    """Metrics by name, as fractions; the primary one first."""
    interval: Interval
    """95 % interval of the primary metric over examples."""
    rate: Rate
    """Sentences per second in batches of similar length."""
    latency: Latency
    """One text at a time."""
    cost_per_million: float | None = Field(default=None, ge=0.0)
    """Price of a million sentences at this rate; absent where no price was given."""


class CompareReport(Config):
    """Models side by side."""

    task: str
    """Name of the task."""
    split: str
    """The split."""
    num_examples: int = Field(ge=1)
    """Examples in it."""
    models: tuple[ComparedModel, ...] = Field(min_length=2)
    """The models; ratios and likeness refer to the first."""
    fidelity: tuple[Fidelity, ...]
    """Likeness of every further model to the first."""
    differences: tuple[float, ...]
    """Primary metric of every further model minus that of the first, as a fraction."""
    intervals: tuple[Interval, ...]
    """95 % intervals of the differences, from paired bootstraps over examples."""
    price_per_hour: float | None = None
    """Price of this machine."""
    environment: dict[str, JsonValue]
    """Versions and hardware."""


def compare_models(
    origins: Sequence[Origin],
    examples: Examples,
    config: BenchConfig,
    *,
    price_per_hour: float | None,
    observer: Observer,
) -> CompareReport:
    """Measure models on the same examples, in turns.

    Args:
        origins: At least two saved models; the first is the reference.
        examples: What they are measured on.
        config: How they are timed.
        price_per_hour: What this machine costs, in any currency, or None.
        observer: Draws the progress.

    Returns:
        The figures.

    Raises:
        ModelError: A model cannot be loaded on its back-end.
        DataError: A model has other labels than the data.
    """
    task, gold = examples.task, examples.split.labels
    assert gold is not None
    assert len(origins) >= 2
    with tempfile.TemporaryDirectory() as scratch:
        threads = torch.get_num_threads()
        runners = [load_runner(origin, scratch=Path(scratch), num_threads=threads) for origin in origins]
        works = [_read(runner, examples) for runner in runners]
        logits = [_run(runner, work, examples, observer) for runner, work in zip(runners, works, strict=True)]
        timed = run_real(runners, works, config, observer)
    first, *others = logits
    primary = task.metrics[0]
    answer = task.answer
    scores = [answer.measure(task.metrics, each, gold) for each in logits]
    return CompareReport(
        task=task.name,
        split=examples.split_name,
        num_examples=len(gold),
        models=tuple(
            _describe(runner, metrics, answer.interval(primary, each, gold), more, price_per_hour)
            for runner, metrics, each, more in zip(runners, scores, logits, timed, strict=True)
        ),
        fidelity=tuple(answer.fidelity(each, first) for each in others),
        differences=tuple(each[primary] - scores[0][primary] for each in scores[1:]),
        intervals=tuple(answer.paired_intervals(primary, each, first, gold).difference for each in others),
        price_per_hour=price_per_hour,
        environment=describe_environment(),
    )


def cost_per_million(price_per_hour: float, sentences_per_second: float) -> float:
    """Give the price of a million sentences on a machine that does nothing else.

    Example:
        >>> cost_per_million(3.6, 1000.0)
        1.0
    """
    return price_per_hour / 3600 * (1_000_000 / sentences_per_second)


def _describe(
    runner: Runner, metrics: dict[str, float], interval: Interval, timed: dict[str, object], price: float | None
) -> ComparedModel:
    rate, latency = timed["rate"], timed["latency"]
    assert isinstance(rate, Rate)
    assert isinstance(latency, Latency)
    return ComparedModel(
        name=Path(runner.origin.name).name or runner.origin.name,
        backend=runner.origin.backend,
        num_parameters=count_parameters(runner.encoder).total,
        size_bytes=runner.size_bytes,
        metrics=metrics,
        interval=interval,
        rate=rate,
        latency=latency,
        cost_per_million=None if price is None else cost_per_million(price, rate.median),
    )


def _read(runner: Runner, examples: Examples) -> Batches:
    tokenised = tokenise(examples.split, runner.encoder.tokenizer, max_length=examples.max_length)
    longest, limit = int(tokenised.tokens.lengths.max(initial=0)), runner.encoder.max_tokens
    if limit is not None and longest > limit:
        raise DataError(
            f"data.max_length: {examples.max_length} lets a text of {longest} tokens through, but "
            f"'{runner.origin.name}' reads at most {limit}; set data.max_length to {limit} or less."
        )
    return Batches(tokenised, BatchConfig(), seed=0)


def _run(runner: Runner, work: Batches, examples: Examples, observer: Observer) -> NDArray[np.float32]:
    with observer.task(f"evaluate {Path(runner.origin.name).name}", len(examples.split)) as progress:
        logits = run_engine(runner.engine, work)
        progress.advance(len(examples.split))
    return in_task_order(logits, examples.task, runner.encoder.label_names)
