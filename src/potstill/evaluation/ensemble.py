"""Measure models that answer together: the figures of an ensemble from those of its members."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from potstill.evaluation.evaluate import EvaluatedModel
from potstill.evaluation.labelled import Examples
from potstill.results import ModelResult, Parameters, Speed


def merge_models(
    members: Sequence[EvaluatedModel], logits: NDArray[np.float32], examples: Examples, *, name: str
) -> EvaluatedModel:
    """Put the members of an ensemble together to one model.

    Args:
        members: Each measured alone on the split; at least one.
        logits: What they say together, [examples, labels].
        examples: What they were measured on.
        name: What the ensemble is called.

    Returns:
        Quality from the combined logits; weights and bytes added up; the speed of running one member after another,
        reckoned from their own speeds; nothing on further splits, which the members read alone.

    Raises:
        DataError: The examples have no labels.
    """
    task, gold = examples.task, examples.gold
    results = [member.result for member in members]
    parts = ("embeddings", "encoder", "pooler", "head", "total")
    weights = {part: sum(getattr(each.parameters, part) for each in results) for part in parts}
    result = results[0].model_copy(
        update={
            "name": name,
            "metrics": task.answer.measure(task.metrics, logits, gold),
            "interval": task.answer.interval(task.metrics[0], logits, gold),
            "other_splits": {},
            **task.answer.details(logits, gold),
            "parameters": Parameters(**weights),
            "size_bytes": sum(each.size_bytes for each in results),
            "speed": _one_after_another([each.speed for each in results if each.speed is not None]),
        }
    )
    return EvaluatedModel(result=result, logits=logits)


def measure_answers(logits: NDArray[np.float32], examples: Examples, *, name: str, size_bytes: int) -> EvaluatedModel:
    """Measure a teacher of which only answers are known.

    Args:
        logits: Its answers about the split, [examples, labels].
        examples: What they are about.
        name: What the teacher is called.
        size_bytes: Bytes of its answers.

    Returns:
        Quality alone: it has no weights and no speed.

    Raises:
        DataError: The examples have no labels.
    """
    task, gold = examples.task, examples.gold
    nothing = Parameters(embeddings=0, encoder=0, pooler=0, head=0, total=0)
    result = ModelResult(
        role="teacher",
        name=name,
        metrics=task.answer.measure(task.metrics, logits, gold),
        interval=task.answer.interval(task.metrics[0], logits, gold),
        num_examples=len(gold),
        **task.answer.details(logits, gold),
        parameters=nothing,
        size_bytes=size_bytes,
    )
    return EvaluatedModel(result=result, logits=logits)


def _one_after_another(speeds: Sequence[Speed]) -> Speed | None:
    if not speeds:
        return None
    rates = {
        name: 1 / sum(1 / getattr(speed, name) for speed in speeds)
        for name in ("sentences_per_second", "slowest", "fastest")
    }
    return speeds[0].model_copy(update=rates)
