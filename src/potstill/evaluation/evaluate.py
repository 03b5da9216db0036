"""Measure models side by side: quality, likeness to the teacher, size and speed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from potstill.config import Config
from potstill.data import Batches, Task
from potstill.engines import Engine, make_batches, measure_speeds, predict, spread_sample
from potstill.evaluation.labelled import Examples, find_gold, in_task_order
from potstill.progress import ProgressCallback, ProgressTask
from potstill.results import ChosenWeights, ModelResult, Role, Speed


class EvaluationConfig(Config):
    """How models are measured."""

    speed_sentences: int | None = Field(default=256, ge=1)
    """About how many sentences a timed round has; absent: the speed is not measured."""
    speed_repeats: int = Field(default=5, ge=1)
    """Timed rounds, in each of which every model has its turn; the median counts."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Subject:
    """A model that is to be measured.

    Attributes:
        role: Its part in the run.
        engine: The model, ready to answer.
        batches: The split to measure on, tokenised for it.
        training_seconds: Wall time of its training, or None where it was not trained here.
        other_batches: Further labelled splits by name, tokenised for it, on which only the metrics are measured.
        title: What the progress calls it; absent: its role.
        chosen: Which weights the stages of its training left.
    """

    role: Role
    engine: Engine
    batches: Batches
    training_seconds: float | None = None
    other_batches: Mapping[str, Batches] = field(default_factory=dict)
    title: str | None = None
    chosen: tuple[ChosenWeights, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatedModel:
    """What was measured, with the logits that comparisons need.

    Attributes:
        result: The figures.
        logits: Logits of the split in its own order, [examples, labels].
    """

    result: ModelResult
    logits: NDArray[np.float32]


def make_subject(engine: Engine, role: Role, examples: Examples, *, title: str | None = None) -> Subject:
    """Let a model read examples.

    Args:
        engine: The model.
        role: Its part.
        examples: What it is measured on.
        title: What the progress calls it; absent: its role.

    Returns:
        The model with the examples, tokenised for it.

    Raises:
        DataError: It cannot read them.
    """
    others = {
        name: make_batches(split, engine.model, max_length=examples.max_length)
        for name, split in examples.other_splits.items()
    }
    batches = make_batches(examples.split, engine.model, max_length=examples.max_length)
    return Subject(role=role, engine=engine, batches=batches, other_batches=others, title=title)


def evaluate_models(
    subjects: Sequence[Subject],
    examples: Examples,
    *,
    teacher_logits: NDArray[np.float32] | None = None,
    config: EvaluationConfig,
    callback: ProgressCallback,
) -> list[EvaluatedModel]:
    """Measure quality, likeness to the teacher, size and speed of models.

    Args:
        subjects: The models; they are timed in turns, round by round.
        examples: What they are measured on, with labels.
        teacher_logits: Logits of the teacher on the same examples; absent: those of the first of the models that is
            a teacher, if there is one.
        config: How to measure.
        callback: Draws the progress.

    Returns:
        The figures and the logits of each.

    Raises:
        DataError: The examples have no labels, or a model has other labels than they.
        ModelError: A model gives logits that are not finite.
    """
    find_gold(examples.task, examples.split)
    answers = []
    for subject in subjects:
        name = f"evaluate {subject.title or subject.role.replace('_', ' ')}"
        with callback.task(name, len(subject.batches.tokenised)) as progress:
            answers.append(_answer(subject.engine, subject.batches, examples.task, progress))
    if teacher_logits is None:
        taught = zip(subjects, answers, strict=True)
        teacher_logits = next((logits for subject, logits in taught if subject.role == "teacher"), None)
    speeds = _measure_speeds(subjects, config)
    return [
        EvaluatedModel(result=_describe(subject, examples, logits, teacher_logits, speed), logits=logits)
        for subject, logits, speed in zip(subjects, answers, speeds, strict=True)
    ]


def _answer(engine: Engine, batches: Batches, task: Task, progress: ProgressTask | None = None) -> NDArray[np.float32]:
    return in_task_order(predict(engine, batches, progress=progress), task, engine.model.label_names)


def _measure_speeds(subjects: Sequence[Subject], config: EvaluationConfig) -> list[Speed] | list[None]:
    if config.speed_sentences is None:
        return [None] * len(subjects)
    works = [
        spread_sample(list(subject.batches.ordered()), num_sentences=config.speed_sentences) for subject in subjects
    ]
    return measure_speeds([subject.engine for subject in subjects], works, rounds=config.speed_repeats)


def _describe(
    subject: Subject,
    examples: Examples,
    logits: NDArray[np.float32],
    teacher_logits: NDArray[np.float32] | None,
    speed: Speed | None,
) -> ModelResult:
    task, gold, engine = examples.task, examples.gold, subject.engine
    answer = task.answer
    fidelity = None
    if teacher_logits is not None and subject.role != "teacher":
        fidelity = answer.fidelity(logits, teacher_logits)
    return ModelResult(
        role=subject.role,
        name=Path(engine.name).name if Path(engine.name).is_absolute() else engine.name,
        metrics=answer.measure(task.metrics, logits, gold),
        interval=answer.interval(task.metrics[0], logits, gold),
        num_examples=len(gold),
        other_splits={
            name: answer.measure(
                task.metrics, _answer(engine, batches, task), find_gold(task, examples.other_splits[name])
            )
            for name, batches in subject.other_batches.items()
        },
        fidelity=fidelity,
        **answer.details(logits, gold),
        parameters=engine.parameters,
        size_bytes=engine.size_bytes,
        speed=speed,
        training_seconds=subject.training_seconds,
        chosen=subject.chosen,
    )
