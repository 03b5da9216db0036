"""What is wrong with the models of a run, in sentences that belong above all else."""

from collections.abc import Iterator, Sequence

from potstill.controls import known_controls
from potstill.results.figures import BagOfWords, ChosenWeights, ClassFigures, Role
from potstill.results.results import Results
from potstill.results.wording import name_metric, name_role, write_brackets, write_hundred
from potstill.results.worth import find_pair, write_difference

_MIN_SUPPORT = 3
"""Examples of a class from which on it tells something that a model never finds it."""
_SHOWN = 5
_HIGH = 0.95
"""Score from which on a model that is no better than words needs no more than them."""


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
            yield from warn_of_rise(model.role, model.chosen, metric=results.primary_metric)
        if model.role in ("teacher", "model", "student"):
            yield from warn_of_classes(model.role, model.classes)


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
        A sentence, where the model is worse by more than chance, or its lead may be chance, is less than half of what
        the words leave to be known, and there is much left.
    """
    is_close = words.interval[0] <= 0 and words.lead < (1 - words.score) / 2
    if words.interval[1] >= 0 and not (is_close and words.score + words.lead < _HIGH):
        return
    yield (
        f"The {words.model} is not better than a bag of words, by more than chance: "
        f"{write_hundred(words.lead, sign='+')} {write_brackets(words.interval, sign='+')} points of "
        f"{name_metric(metric)} on {split}, where words alone have "
        f"{write_hundred(words.score)} (least squares on TF-IDF of {words.num_texts:,} texts). "
        "Fine-tune it longer or at another rate, or take another encoder."
    )


def warn_of_rise(role: Role, chosen: Sequence[ChosenWeights], *, metric: str) -> Iterator[str]:
    """Say that a model was still getting better when its training ended.

    Args:
        role: Its part in the run.
        chosen: Which weights the stages of its training left.
        metric: The primary metric.

    Yields:
        A sentence, where it was.
    """
    if not chosen or not chosen[-1].is_rising:
        return
    last = chosen[-1]
    path = f"--set stages.{last.stage}"
    yield (
        f"The {name_role(role)}'s {name_metric(metric)} was still rising at the end of its training "
        f"({write_hundred(last.last)} after {last.num_steps:,} steps); fine-tune it longer, such as with "
        f"{path}.epochs=none {path}.steps={2 * last.num_steps}."
    )


def warn_of_classes(role: Role, classes: Sequence[ClassFigures]) -> Iterator[str]:
    """Say that a model never finds some classes.

    Args:
        role: Its part in the run.
        classes: Its figures of each class.

    Yields:
        A sentence, where it finds none of at least three examples of a class.
    """
    missed = [each for each in classes if each.recall == 0 and each.support >= _MIN_SUPPORT]
    if not missed:
        return
    named = ", ".join(f"'{each.label}' ({each.support})" for each in missed[:_SHOWN])
    more = ", ..." if len(missed) > _SHOWN else ""
    yield (
        f"The {name_role(role)} never finds {len(missed)} of {len(classes)} classes, with so many "
        f"examples: {named}{more}; train it longer, or give it more examples of them."
    )
