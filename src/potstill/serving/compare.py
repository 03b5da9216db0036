"""Two models side by side on the same labelled examples: scores, likeness, latency, cost."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, JsonValue

from potstill.config import Config
from potstill.engines import Engine
from potstill.evaluation import (
    EvaluationConfig,
    Examples,
    compare_pair,
    describe_environment,
    evaluate_models,
    make_subject,
)
from potstill.progress import ProgressCallback
from potstill.results import Fidelity, Interval, ModelResult, to_html
from potstill.serving.bench_config import BenchConfig
from potstill.serving.bench_report import Latency, Rate
from potstill.serving.bench_run import run_real
from potstill.serving.trusting import find_trust


class ComparedModel(Config):
    """One of the models."""

    name: str
    """Last part of its folder, or its hub name."""
    backend: str
    """Where it ran."""
    precision: str
    """Number format of its matrix products."""
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
    target: float | None = None
    """Share of its own answers that agree with its teacher where it is sure enough, as its trust.json promises; absent
    where nothing is promised, and for the first model."""
    answered: float | None = Field(default=None, ge=0.0, le=1.0)
    """Share of the examples of which it is so sure; absent as `target` is."""
    cost_with_first: float | None = Field(default=None, ge=0.0)
    """Price of a million sentences that it reads and of which it leaves the others to the first model; absent as
    `target` is, and where no price was given."""


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

    def __str__(self) -> str:
        """Write what the command prints."""
        from potstill.serving.compare_table import make_compare_table

        return str(make_compare_table(self))

    def _repr_html_(self) -> str:
        """Show the same in a notebook."""
        from potstill.serving.compare_table import make_compare_table

        return to_html(make_compare_table(self))


def compare_models(
    engines: Sequence[Engine],
    examples: Examples,
    config: BenchConfig,
    *,
    price_per_hour: float | None,
    callback: ProgressCallback,
) -> CompareReport:
    """Measure models on the same examples, in turns.

    Args:
        engines: At least two models; the first is the reference.
        examples: What they are measured on.
        config: How they are timed.
        price_per_hour: What this machine costs, in any currency, or None.
        callback: Draws the progress.

    Returns:
        The figures.

    Raises:
        DataError: A model has other labels than the data, or cannot read them.
    """
    assert len(engines) >= 2
    subjects = [
        make_subject(engine, "student" if number else "teacher", examples, title=Path(engine.name).name)
        for number, engine in enumerate(engines)
    ]
    untimed = EvaluationConfig(speed_sentences=None)
    first, *others = measured = evaluate_models(subjects, examples, config=untimed, callback=callback)
    timed = run_real(engines, [subject.batches for subject in subjects], config, callback)
    pairs = [compare_pair(other, first, examples) for other in others]
    models = [
        _describe(name, engine, each.result, price=price_per_hour, timed=more)
        for name, engine, each, more in zip(name_apart(engines), engines, measured, timed, strict=True)
    ]
    answer = examples.task.answer
    models[1:] = [
        _trust(model, engine, answer.confidence(each.logits, examples.split.row_offsets), models[0].cost_per_million)
        for model, engine, each in zip(models[1:], engines[1:], others, strict=True)
    ]
    return CompareReport(
        task=examples.task.name,
        split=examples.split_name,
        num_examples=len(examples.split),
        models=tuple(models),
        fidelity=tuple(other.result.fidelity for other in others if other.result.fidelity is not None),
        differences=tuple(pair.difference for pair in pairs),
        intervals=tuple(pair.interval for pair in pairs),
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


def name_apart(engines: Sequence[Engine]) -> list[str]:
    """Name models by the last part of what the user calls them, by all of it where that is not one of its own.

    What is called the same is numbered.
    """
    short = [Path(engine.name).name or engine.name for engine in engines]
    names = [name if short.count(name) == 1 else engine.name for name, engine in zip(short, engines, strict=True)]
    return [
        name if names.count(name) == 1 else f"{name} ({names[: place + 1].count(name)})"
        for place, name in enumerate(names)
    ]


def _describe(
    name: str, engine: Engine, result: ModelResult, *, price: float | None, timed: dict[str, object]
) -> ComparedModel:
    rate, latency = timed["rate"], timed["latency"]
    assert isinstance(rate, Rate)
    assert isinstance(latency, Latency)
    return ComparedModel(
        name=name,
        backend=engine.backend.name,
        precision=engine.precision,
        num_parameters=result.parameters.total,
        size_bytes=result.size_bytes,
        metrics=result.metrics,
        interval=result.interval,
        rate=rate,
        latency=latency,
        cost_per_million=None if price is None else cost_per_million(price, rate.median),
    )


def _trust(
    model: ComparedModel, engine: Engine, confidence: NDArray[np.float64], dearer: float | None
) -> ComparedModel:
    """Say how many of the examples a student answers itself, and what that saves where a teacher answers the rest."""
    trust = find_trust(engine.name, engine.backend)
    if trust is None or trust.reference != "teacher" or trust.promise.threshold is None:
        return model
    answered, own = float((confidence >= trust.promise.threshold).mean()), model.cost_per_million
    cost = None if own is None or dearer is None else own + (1 - answered) * dearer
    return model.model_copy(update={"target": trust.promise.target, "answered": answered, "cost_with_first": cost})
