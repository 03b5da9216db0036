"""How sure a measured figure is: 95 % intervals over the examples of the split.

They tell what another sample of examples could have given, not what another training seed could have given. Rows of one
example are drawn together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from potstill.answers.metrics import Floats, Tallies
from potstill.answers.rows import LabelRows
from potstill.results import McNemar

CONFIDENCE = 0.95
NORMAL_QUANTILE = 1.959964
"""Standard errors from the middle of a normal distribution to either end of its middle 95 %."""
RESAMPLES = 1_000
SEED = 20_190_923
_CHUNK = 2_000_000
"""Values gathered at once, so that memory stays flat however long the split is."""
_Drawn = TypeVar("_Drawn")
_Answers = TypeVar("_Answers")
TallyMetric = Callable[[Tallies], Floats]
"""Computes a metric from tallies."""
TimesMetric = Callable[[NDArray[np.generic], Floats], Floats]
"""Computes a metric from predictions and how often each row counts, [resamples, rows]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedIntervals:
    """95 % intervals of how two models compare on the same examples.

    Attributes:
        difference: Of metric(student) - metric(other); both ends above 0 say that the student is better.
        share: Of metric(student) / metric(other); None where a resample gives the other model 0 or less.
    """

    difference: tuple[float, float]
    share: tuple[float, float] | None


def wilson(num_hits: int, number: int) -> tuple[float, float]:
    """Give Wilson's score interval of a share.

    Args:
        num_hits: How many are right.
        number: Of how many, at least 1.

    Returns:
        Both ends of the 95 % interval.

    Paper:
        Wilson 1927, doi:10.1080/01621459.1927.10502953.
    """
    from scipy.stats import binomtest

    ends = binomtest(num_hits, number).proportion_ci(CONFIDENCE, method="wilson")
    return float(ends.low), float(ends.high)


def exact_mcnemar(student: NDArray[np.bool_], other: NDArray[np.bool_]) -> McNemar:
    """Test whether two models are equally often right on the same rows.

    Only the rows on which one of them is right and the other wrong count. If both are equally good, each of these
    is a fair coin, so the p-value is that of a two-sided binomial test with probability 1/2.

    Paper:
        McNemar 1947, doi:10.1007/BF02295996.
    """
    from scipy.stats import binomtest

    only_student, only_other = int((student & ~other).sum()), int((other & ~student).sum())
    num_coins = only_student + only_other
    p_value = float(binomtest(only_student, num_coins, 0.5).pvalue) if num_coins else 1.0
    return McNemar(only_student=only_student, only_other=only_other, p_value=min(p_value, 1.0))


def resample_classes(
    gold: LabelRows, predictions: Sequence[NDArray[np.int64]], metric: TallyMetric, *, num_labels: int
) -> list[Floats]:
    """Score each model on the same 1,000 resamples, where an answer is one of several classes.

    Where every example has one row, those with the same gold label and predictions are interchangeable, and drawing n
    of them with replacement makes the counts multinomial: the same distribution as drawing examples, at a cost that
    does not grow with their number.
    """
    if not gold.is_one_each:
        values = gold.values.astype(np.int64)
        return resample_times(
            gold,
            predictions,
            lambda predicted, times: metric(
                Tallies.count(predicted.astype(np.int64), values, times=times, num_labels=num_labels)
            ),
        )
    generator = np.random.default_rng(SEED)
    cells, counts = np.unique(np.stack([gold.values, *predictions]).astype(np.int64), axis=1, return_counts=True)

    def draw(size: int) -> Floats:
        return generator.multinomial(len(gold), counts / len(gold), size=size).astype(np.float64)

    def score(predicted: NDArray[np.int64], times: Floats) -> Floats:
        return metric(Tallies.count(predicted, cells[0], times=times, num_labels=num_labels))

    return _in_chunks(list(cells[1:]), draw, score, width=cells.shape[1] + num_labels)


def resample_times(gold: LabelRows, predictions: Sequence[NDArray[np.generic]], metric: TimesMetric) -> list[Floats]:
    """Score each model on the same 1,000 resamples, by how often each example is drawn and with it all of its rows."""
    generator = np.random.default_rng(SEED)
    even, owners = np.full(len(gold), 1 / len(gold)), gold.owners

    def draw(size: int) -> Floats:
        times = generator.multinomial(len(gold), even, size=size).astype(np.float64)
        return times if gold.is_one_each else times[:, owners]

    return _in_chunks(predictions, draw, metric, width=max(1, len(owners)))


def resample_rows(
    gold: LabelRows,
    predictions: Sequence[NDArray[np.generic]],
    metric: Callable[[NDArray[np.generic], NDArray[np.generic]], Floats],
) -> list[Floats]:
    """Score each model on the same 1,000 resamples of examples that have one row each."""
    assert gold.is_one_each, "a metric of drawn rows needs as many of them in every resample"
    generator, values = np.random.default_rng(SEED), gold.values
    return _in_chunks(
        predictions,
        lambda size: generator.integers(len(gold), size=(size, len(gold))),
        lambda predicted, drawn: metric(predicted[drawn], values[drawn]),
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


def middle(values: Floats) -> tuple[float, float]:
    """Give the middle 95 % of resamples."""
    low, high = np.quantile(values, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)
