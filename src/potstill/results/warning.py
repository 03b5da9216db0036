"""What is wrong with the models of a run, in sentences that belong above all else."""

from collections.abc import Iterator

from potstill.controls import known_controls
from potstill.results.figures import BagOfWords
from potstill.results.results import ModelResult, Results
from potstill.results.wording import name_metric, name_role, write_brackets, write_hundred
from potstill.results.worth import find_pair, write_difference

_MIN_SUPPORT = 3
"""Examples of a class from which on it tells something that a model never finds it."""
_SHOWN = 5


def find_warnings(results: Results) -> tuple[str, ...]:
    """Say what is wrong with the models of a run.

    Args:
        results: What was measured.

    Returns:
        A sentence for each thing, the worst first; none where nothing is wrong, or nobody knows.
    """
    return tuple(_find(results))


def _find(results: Results) -> Iterator[str]:
    yield from _warn_of_harm(results)
    words = results.quoted.bag_of_words
    if words is not None:
        yield from warn_of_words(words, metric=results.primary_metric, split=results.quoted.split)
    for model in results.models:
        if model.role in ("teacher", "model"):
            yield from warn_of_rise(model, metric=results.primary_metric)
        if model.role in ("teacher", "model", "student"):
            yield from warn_of_classes(model)


def _warn_of_harm(results: Results) -> Iterator[str]:
    """Say that a student is worse, by more than chance, than the same start trained on labels only."""
    simplest = known_controls()[0]
    pair = find_pair(results, simplest.role)
    if pair is not None and pair.interval[1] < 0:
        yield (
            f"The student is worse than the same start on {simplest.wording}, by more than chance: "
            f"{write_difference(pair, results)}. What it was to follow did it harm."
        )


def warn_of_words(words: BagOfWords, *, metric: str, split: str) -> Iterator[str]:
    """Say that a model knows no more than the words of the texts tell.

    Args:
        words: What they tell, and how far the model is from it.
        metric: The primary metric.
        split: What both were measured on.

    Yields:
        A sentence, where the lead may be chance and is less than half of what the words leave to be known.
    """
    if words.interval[0] > 0 or words.lead >= (1 - words.score) / 2:
        return
    yield (
        f"The {words.model} is not better than a bag of words, by more than chance: "
        f"{write_hundred(words.lead, sign='+')} {write_brackets(words.interval, sign='+')} points of "
        f"{name_metric(metric)} on {split}, where words alone have "
        f"{write_hundred(words.score)} (ridge regression on TF-IDF of {words.num_texts:,} texts). "
        "Fine-tune it longer or at another rate, or take another encoder."
    )


def warn_of_rise(model: ModelResult, *, metric: str) -> Iterator[str]:
    """Say that a model was still getting better when its training ended.

    Args:
        model: What was measured.
        metric: The primary metric.

    Yields:
        A sentence, where it was.
    """
    if not model.chosen or not model.chosen[-1].is_rising:
        return
    last = model.chosen[-1]
    path = f"--set stages.{last.stage}"
    yield (
        f"The {name_role(model.role)}'s {name_metric(metric)} was still rising at the end of its training "
        f"({write_hundred(last.last)} after {last.num_steps:,} steps); fine-tune it longer, such as with "
        f"{path}.epochs=none {path}.steps={2 * last.num_steps}."
    )


def warn_of_classes(model: ModelResult) -> Iterator[str]:
    """Say that a model never finds some classes.

    Args:
        model: What was measured.

    Yields:
        A sentence, where it finds none of at least three examples of a class.
    """
    missed = [each for each in model.classes if each.recall == 0 and each.support >= _MIN_SUPPORT]
    if not missed:
        return
    named = ", ".join(f"'{each.label}' ({each.support})" for each in missed[:_SHOWN])
    more = ", ..." if len(missed) > _SHOWN else ""
    yield (
        f"The {name_role(model.role)} never finds {len(missed)} of {len(model.classes)} classes, with so many "
        f"examples: {named}{more}; train it longer, or give it more examples of them."
    )
