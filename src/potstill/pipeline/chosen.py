"""Read from the events of a training which weights its stages left."""

from collections.abc import Iterator, Sequence
from typing import Any

from potstill.results import ChosenWeights
from potstill.run_folder import RunFolder
from potstill.training import StageConfig


def read_chosen(folder: RunFolder, stages: Sequence[StageConfig], *, metric: str) -> tuple[ChosenWeights, ...]:
    """Say for each stage that chooses which weights went on."""
    events = folder.read_events()
    return tuple(each for stage in stages if stage.select == "best" for each in _read(stage.name, events, metric))


def _read(stage: str, events: Sequence[dict[str, Any]], metric: str) -> Iterator[ChosenWeights]:
    own = [event for event in events if event.get("stage") == stage]
    scores = [event[metric] for event in own if event["event"] == "evaluation"]
    end = next((event for event in own if event["event"] == "stage"), None)
    if end is not None and scores and end.get("best_score") is not None:
        yield ChosenWeights(
            stage=stage,
            step=end["best_step"],
            num_steps=end["steps"],
            epoch=end.get("best_epoch"),
            score=end["best_score"],
            highest=max(scores),
            last=scores[-1],
            num_scorings=len(scores),
            margin=end.get("margin", 0.0),
            is_rising=_is_rising(scores, margin=end.get("margin", 0.0)),
        )


def _is_rising(scores: Sequence[float], *, margin: float) -> bool:
    """Say whether the end of a stage is better than its first half, and by more than chance; 1 is the highest."""
    if len(scores) < 2 or scores[-1] >= 1 or scores[-1] <= max(scores[:-1]):
        return False
    return scores[-1] - max(scores[: (len(scores) + 1) // 2]) > margin
