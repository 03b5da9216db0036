"""Read from the events of a training which weights its stages left."""

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any

from potstill.errors import RunError
from potstill.files import expand_user
from potstill.results import ChosenWeights, Results
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


def count_choices(chosen: Sequence[ChosenWeights], patience: Mapping[str, int | None]) -> int:
    """Count the weights that stages might have left, each starting from any that the one before might have left.

    Of a stage that ends early the number of scorings depends on the scores. There the level of a test is shared out as
    1 / (n (n + 1)) over the ends after n scorings, which add up to 1.
    """
    return prod(
        each.num_scorings if patience.get(each.stage) is None else each.num_scorings * (each.num_scorings + 1)
        for each in chosen
    )


def count_choices_of(model: str) -> int:
    """Count the weights among which a development set chose a model; 1 where it is no run's, or nobody knows."""
    folder = RunFolder(path=expand_user(model))
    if not (folder.recipe.is_file() and folder.is_finished):
        return 1
    try:
        results, stages = Results.read(folder.results), folder.read_recipe()["stages"]
    except RunError:  # what is wrong with a file beside a model is no reason to refuse the model
        return 1
    own = results.find("student") or results.find("model")
    if own is None or results.chosen_on in ("train", "nothing"):
        return 1
    return count_choices(own.chosen, {each["name"]: each.get("patience") for each in stages})
