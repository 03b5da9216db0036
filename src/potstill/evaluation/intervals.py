"""How sure a measured figure is: 95 % intervals over the examples of the split.

They tell what another sample of examples could have given, not what another training seed could have given.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from potstill.data import LabelArray, Metric, Task
from potstill.evaluation.metrics import Floats, Tallies, class_metric, correlation, decide, label_metric
from potstill.results import McNemar

CONFIDENCE = 0.95
RESAMPLES = 1_000
SEED = 20_190_923
_CHUNK = 2_000_000
"""Values gathered at once, so that memory stays flat however long the split is."""
_Drawn = TypeVar("_Drawn")
_Answers = TypeVar("_Answers")


def primary_interval(task: Task, logits: NDArray[np.floating], gold: LabelArray) -> tuple[float, float]:
    """Give the 95 % interval of the task's primary metric.

    Args:
        task: Names the metric.
        logits: Outputs of the head, [examples, labels].
        gold: Class indices or scores, [examples]; at least one.

    Returns:
        Lower and upper end. For accuracy Wilson's score interval; for the others the middle 95 % of 1,000
        bootstrap resamples of the examples, drawn with a fixed seed.

    Paper:
        Wilson 1927, doi:10.1080/01621459.1927.10502953; Efron 1979, doi:10.1214/aos/1176344552.
    """
    predictions = decide(task, logits)
    if task.metrics[0] == "accuracy":
        hits = int((predictions == gold).sum())
        ends = binomtest(hits, len(gold)).proportion_ci(CONFIDENCE, method="wilson")
        return float(ends.low), float(ends.high)
    return _middle(_resample(task, gold, [predictions])[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedIntervals:
    """95 % intervals of how two models compare on the same examples.

    Attributes:
        difference: Of metric(student) - metric(other); both ends above 0 say that the student is better.
        share: Of metric(student) / metric(other); None where a resample gives the other model 0 or less.
    """

    difference: tuple[float, float]
    share: tuple[float, float] | None


def paired_intervals(
    task: Task, student: NDArray[np.floating], other: NDArray[np.floating], gold: LabelArray
) -> PairedIntervals:
    """Give the 95 % intervals of the difference between two models on the same examples, and of their ratio.

    Both are scored on the same resamples, so what is hard for both cancels out and the interval is narrower than
    their separate ones suggest.

    Args:
        task: Names the metric.
        student: Logits of the student, [examples, labels].
        other: Logits of the model it is compared with, same shape.
        gold: Class indices or scores, [examples]; at least one.

    Returns:
        The middle 95 % of 1,000 bootstrap resamples.
    """
    first, second = _resample(task, gold, [decide(task, student), decide(task, other)])
    is_positive = bool((second > 0).all())
    return PairedIntervals(difference=_middle(first - second), share=_middle(first / second) if is_positive else None)


def exact_mcnemar(student: NDArray[np.floating], other: NDArray[np.floating], gold: LabelArray) -> McNemar:
    """Test whether two classifiers are equally often right on the same examples.

    Only the examples on which one of them is right and the other wrong count. If both are equally good, each of these
    is a fair coin, so the p-value is that of a two-sided binomial test with probability 1/2.

    Args:
        student: Logits of the student, [examples, labels].
        other: Logits of the model it is compared with, same shape.
        gold: Class indices, [examples].

    Returns:
        Both counts and the p-value.

    Paper:
        McNemar 1947, doi:10.1007/BF02295996.
    """
    ours, theirs = student.argmax(axis=1) == gold, other.argmax(axis=1) == gold
    only_student, only_other = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    num_coins = only_student + only_other
    p_value = float(binomtest(only_student, num_coins, 0.5).pvalue) if num_coins else 1.0
    return McNemar(only_student=only_student, only_other=only_other, p_value=min(p_value, 1.0))


def _resample(task: Task, gold: LabelArray, predictions: list[NDArray[np.generic]]) -> list[Floats]:
    """Score each model on the same 1,000 resamples of the examples."""
    generator = np.random.default_rng(SEED)
    if task.kind == "regression":
        return _resample_rows(task.metrics[0], gold, predictions, generator)
    if task.kind == "multi_label":
        return _resample_labels(task.metrics[0], gold, predictions, generator)
    return _resample_cells(task, gold, predictions, generator)


def _resample_cells(
    task: Task, gold: LabelArray, predictions: list[NDArray[np.generic]], generator: np.random.Generator
) -> list[Floats]:
    """Draw how often each combination of gold label and predictions occurs.

    Examples with the same combination are interchangeable, and drawing n of them with replacement makes the counts
    multinomial: the same distribution as drawing rows, at a cost that does not grow with their number.
    """
    cells, counts = np.unique(np.stack([gold, *predictions]).astype(np.int64), axis=1, return_counts=True)

    def draw(size: int) -> Floats:
        return generator.multinomial(len(gold), counts / len(gold), size=size).astype(np.float64)

    def score(predicted: NDArray[np.int64], times: Floats) -> Floats:
        tallies = Tallies.count(predicted, cells[0], times=times, num_labels=task.num_labels)
        return class_metric(task.metrics[0], tallies)

    return _in_chunks(list(cells[1:]), draw, score, width=cells.shape[1] + task.num_labels)


def _resample_rows(
    name: Metric, gold: LabelArray, predictions: list[NDArray[np.generic]], generator: np.random.Generator
) -> list[Floats]:
    """Draw rows with replacement."""
    return _in_chunks(
        predictions,
        lambda size: generator.integers(len(gold), size=(size, len(gold))),
        lambda predicted, drawn: correlation(name, predicted[drawn], gold[drawn]),
        width=len(gold),
    )


def _resample_labels(
    name: Metric, gold: LabelArray, predictions: list[NDArray[np.generic]], generator: np.random.Generator
) -> list[Floats]:
    """Draw how often each example occurs, where it may have several labels."""
    even = np.full(len(gold), 1 / len(gold))
    return _in_chunks(
        predictions,
        lambda size: generator.multinomial(len(gold), even, size=size).astype(np.float64),
        lambda predicted, times: label_metric(name, predicted, gold, times=times),
        width=len(gold),
    )


def _in_chunks(
    predictions: Sequence[_Answers],
    draw: Callable[[int], _Drawn],
    score: Callable[[_Answers, _Drawn], Floats],
    *,
    width: int,
) -> list[Floats]:
    """Score each model on the same draws, so many at a time that a block of `width` numbers a draw stays small."""
    rows = max(1, _CHUNK // width)
    parts: list[list[Floats]] = [[] for _ in predictions]
    for start in range(0, RESAMPLES, rows):
        drawn = draw(min(rows, RESAMPLES - start))
        for part, predicted in zip(parts, predictions, strict=True):
            part.append(score(predicted, drawn))
    return [np.concatenate(part) for part in parts]


def _middle(values: Floats) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)
