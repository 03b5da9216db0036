"""What a training was given: steps, texts a step, rates tried, scorings that chose; who has more is no fair rival."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from potstill.files import say_damaged
from potstill.run_folder import RunFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """What the training of a run was given, for its stages on the task.

    Attributes:
        steps: Optimizer steps of each stage, such as `402 + 402`.
        texts: Texts of a step at most, those of other stages behind a plus, such as `64` or `256 + 64`.
        rates: Learning rates that were tried, stage by stage, such as `1` or `3 + 1`.
        scorings: How often a scoring could choose the weights.
    """

    steps: str
    texts: str
    rates: str
    scorings: int


def read_effort(folder: RunFolder) -> Effort | None:
    """Read it from a run's recipe and events.

    Args:
        folder: The run folder.

    Returns:
        What was given; None where the files do not tell.

    Raises:
        RunError: The recipe is damaged.
    """
    recipe = folder.read_recipe() if folder.recipe.is_file() else {}
    events = [event for event in folder.read_events() if isinstance(event, dict)]
    ended = {event.get("stage"): event.get("steps") for event in events if event.get("event") == "stage"}
    try:
        stages = [stage for stage in recipe.get("stages", ()) if stage.get("data") != "corpus"]
        if not stages or not all("batches" in stage and ended.get(stage["name"]) is not None for stage in stages):
            return None
        choosing = {stage["name"] for stage in stages if stage.get("select") == "best"}
        return Effort(
            steps=" + ".join(f"{ended[stage['name']]:,}" for stage in stages),
            texts=" + ".join(dict.fromkeys(_texts(stage) for stage in stages)),
            rates=" + ".join(str(_count_rates(stage)) for stage in stages),
            scorings=sum(event.get("event") == "evaluation" and event.get("stage") in choosing for event in events),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise say_damaged(folder.recipe, f"its stages are none: {error!r}", remedy="run it anew") from None


def _count_rates(stage: Mapping[str, Any]) -> int:
    """Count the learning rates that were tried; one that is alone is taken without a trial."""
    given = stage.get("optimizer", {}).get("learning_rate")
    return len(given) if isinstance(given, list) else 1


def _texts(stage: Mapping[str, Any]) -> str:
    """Give the most texts of a step, or the tokens where those alone bound it."""
    sizes, times = stage["batches"], stage.get("accumulate", 1)
    texts = sizes.get("examples_per_batch")
    return f"{sizes.get('tokens_per_batch', 0) * times:,} tokens" if texts is None else f"{texts * times:,}"
