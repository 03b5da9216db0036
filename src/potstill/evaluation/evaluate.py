"""Measure a model, compare the models of a run, and put it all into `Results`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, JsonValue

from potstill.answers import LabelRows
from potstill.config import Config
from potstill.data import Batches, Split, Task
from potstill.engines import measure_speed, predict_logits, spread_sample
from potstill.errors import DataError
from potstill.evaluation.size import split_parameters, weight_bytes
from potstill.hub import Encoder
from potstill.progress import Observer
from potstill.results import Comparison, ModelResult, Precision, Results, Role


class EvaluationConfig(Config):
    """How models are measured."""

    precision: Precision = "fp32"
    """Number format of the matrix products."""
    speed_sentences: int | None = Field(default=256, ge=1)
    """About how many sentences a timed pass has; absent: the speed is not measured."""
    speed_repeats: int = Field(default=5, ge=1)
    """Timed passes; the median counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A model that is to be measured.

    Attributes:
        role: Its part in the run.
        name: Hub name or folder.
        encoder: The model, on the device where it is to run.
        batches: The split to measure on, tokenised for it.
        training_seconds: Wall time of its training, or None where it was not trained here.
        other_splits: Further labelled splits by name, tokenised for it, on which only the metrics are measured.
    """

    role: Role
    name: str
    encoder: Encoder
    batches: Batches
    training_seconds: float | None = None
    other_splits: Mapping[str, tuple[Batches, Split]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatedModel:
    """What was measured, with the logits that comparisons need.

    Attributes:
        result: The figures.
        logits: Logits of the split in its own order, [examples, labels].
    """

    result: ModelResult
    logits: NDArray[np.float32]


def evaluate_model(
    subject: Subject,
    task: Task,
    split: Split,
    *,
    teacher_logits: NDArray[np.float32] | None = None,
    config: EvaluationConfig,
    observer: Observer,
) -> EvaluatedModel:
    """Measure quality, likeness to the teacher, size and speed of one model.

    Args:
        subject: The model.
        task: What is predicted, and which metrics judge it.
        split: The examples, with labels.
        teacher_logits: Logits of the teacher on the same split, or None for the teacher itself and without one.
        config: How to measure.
        observer: Draws the progress.

    Returns:
        The figures and the logits.

    Raises:
        DataError: The split has no labels.
        ModelError: The model gives logits that are not finite.
    """
    gold, answer = _gold(task, split), task.answer
    encoder, device = subject.encoder, subject.encoder.device
    with observer.task(f"evaluate {subject.role.replace('_', ' ')}", len(gold)) as progress:
        logits = predict_logits(encoder, subject.batches, device=device, precision=config.precision, progress=progress)
    speed = None
    if config.speed_sentences is not None:
        sample = spread_sample(list(subject.batches.ordered()), num_sentences=config.speed_sentences)
        speed = measure_speed(
            encoder, sample, device=device, num_repeats=config.speed_repeats, precision=config.precision
        )
    result = ModelResult(
        role=subject.role,
        name=Path(subject.name).name if Path(subject.name).is_absolute() else subject.name,
        metrics=answer.measure(task.metrics, logits, gold),
        interval=answer.interval(task.metrics[0], logits, gold),
        num_examples=len(gold),
        other_splits={
            name: answer.measure(
                task.metrics,
                predict_logits(encoder, batches, device=device, precision=config.precision),
                _gold(task, other),
            )
            for name, (batches, other) in subject.other_splits.items()
        },
        fidelity=None if teacher_logits is None else answer.fidelity(logits, teacher_logits),
        **answer.details(logits, gold),
        parameters=split_parameters(encoder),
        size_bytes=weight_bytes(encoder),
        speed=speed,
        training_seconds=subject.training_seconds,
    )
    return EvaluatedModel(result=result, logits=logits)


def collect_results(
    task: Task,
    split: Split,
    models: Sequence[EvaluatedModel],
    *,
    split_name: str = "dev",
    environment: dict[str, JsonValue],
) -> Results:
    """Put the models of a run side by side.

    Args:
        task: What is predicted, and which metrics judge it.
        split: The examples, with labels.
        models: Evaluated on this split; at least one. The student, where there is one, is compared with
            each of the others.
        split_name: What the split is called.
        environment: From `describe_environment`.

    Returns:
        What belongs into results.json.

    Raises:
        DataError: The split has no labels.
    """
    gold = _gold(task, split)
    student = next((model for model in models if model.result.role == "student"), None)
    return Results(
        task=task.name,
        primary_metric=task.metrics[0],
        split=split_name,
        num_examples=len(gold),
        models=tuple(model.result for model in models),
        comparisons=()
        if student is None
        else tuple(_compare(task, gold, student, other) for other in models if other is not student),
        environment=environment,
        created=datetime.now(UTC).replace(microsecond=0),
    )


def _compare(task: Task, gold: LabelRows, student: EvaluatedModel, other: EvaluatedModel) -> Comparison:
    intervals = task.answer.paired_intervals(task.metrics[0], student.logits, other.logits, gold)
    ours, theirs = student.result.score, other.result.score
    return Comparison(
        other=other.result.role,
        difference=ours - theirs,
        interval=intervals.difference,
        share=ours / theirs if theirs > 0 else None,
        share_interval=intervals.share,
        mcnemar=task.answer.mcnemar(student.logits, other.logits, gold),
    )


def _gold(task: Task, split: Split) -> LabelRows:
    if split.labels is None:
        raise DataError(f"the split of task '{task.name}' has no labels; evaluation needs them.")
    return split.labels
