"""How a training went: losses and scores over its steps, from events.jsonl."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from potstill.errors import RunError


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


def read_course(path: Path, name: str) -> Course:
    """Read the events of a training."""
    losses: dict[tuple[str, str], list[tuple[float, float]]] = {}
    scores: dict[tuple[str, str], list[tuple[float, float]]] = {}
    stages: list[tuple[str, int]] = []
    last = 0
    for number, event in enumerate(_read_events(path), start=1):
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
            raise RunError(f"'{path}' is damaged: line {number} is no event ({error!r}); bring it back.") from None
    return Course(name=name, losses=_curves(losses), scores=_curves(scores), stages=tuple(stages))


def _losses(event: dict[str, Any]) -> dict[str, float]:
    single: dict[str, float] = event["losses"]
    return {**single, "loss": event["loss"]} if len(single) > 1 else single


def _scores(event: dict[str, Any]) -> dict[str, float]:
    return {key: value for key, value in event.items() if key not in ("event", "stage", "step", "epoch", "seconds")}


def _curves(values: dict[tuple[str, str], list[tuple[float, float]]]) -> tuple[Curve, ...]:
    return tuple(Curve(stage=stage, name=name, points=tuple(points)) for (stage, name), points in values.items())


def _read_events(path: Path) -> list[Any]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise RunError(f"'{path}' cannot be read ({error}); bring it back, or delete it.") from None
    events = []
    for number, line in enumerate(lines, start=1):
        try:
            events.append(json.loads(line))
        except ValueError as error:
            raise RunError(f"'{path}' is damaged: line {number} is not JSON ({error}); bring it back.") from None
    return events
