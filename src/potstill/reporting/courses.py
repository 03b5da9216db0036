"""How a training went: losses and scores over its steps, from events.jsonl."""

from dataclasses import dataclass
from typing import Any

from potstill.files import say_damaged
from potstill.run_folder import RunFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One quantity over the steps of a training.

    Attributes:
        stage: The stage that it belongs to.
        name: The objective or metric.
        points: Pairs (step of the whole training, value).
    """

    stage: str
    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One training.

    Attributes:
        name: Who was trained.
        losses: A curve for each objective of each stage, without weights, and one named `loss` for their weighted
            sum where a stage has several.
        scores: A curve for each metric of each stage, on the development set.
        stages: Pairs (stage, first step).
    """

    name: str
    losses: tuple[Curve, ...]
    scores: tuple[Curve, ...]
    stages: tuple[tuple[str, int], ...]


def read_course(folder: RunFolder, name: str) -> Course:
    """Read the events of a training."""
    losses: dict[tuple[str, str], list[tuple[float, float]]] = {}
    scores: dict[tuple[str, str], list[tuple[float, float]]] = {}
    stages: list[tuple[str, int]] = []
    last = 0
    for number, event in enumerate(folder.read_events(), start=1):
        try:
            if event["event"] not in ("step", "evaluation"):
                continue
            stage = str(event["stage"])
            if not stages or stages[-1][0] != stage:
                stages.append((stage, last))
            step = last = max(last, stages[-1][1] + int(event["step"]))
            is_step = event["event"] == "step"
            for key, value in (_losses(event) if is_step else _scores(event)).items():
                (losses if is_step else scores).setdefault((stage, key), []).append((float(step), float(value)))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise say_damaged(
                folder.events, f"line {number}: it is no event: {error!r}", remedy="bring it back"
            ) from None
    return Course(name=name, losses=_curves(losses), scores=_curves(scores), stages=tuple(stages))


def _losses(event: dict[str, Any]) -> dict[str, float]:
    single: dict[str, float] = event["losses"]
    return {**single, "loss": event["loss"]} if len(single) > 1 else single


def _scores(event: dict[str, Any]) -> dict[str, float]:
    return {
        key: value
        for key, value in event.items()
        if key not in ("event", "stage", "step", "epoch", "seconds", "distance")
    }


def _curves(values: dict[tuple[str, str], list[tuple[float, float]]]) -> tuple[Curve, ...]:
    return tuple(Curve(stage=stage, name=name, points=tuple(points)) for (stage, name), points in values.items())
