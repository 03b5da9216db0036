"""What answers are worth: accuracy, F1, Matthews, Pearson, Spearman; `Answer.formulas` says which of them fit.

Each metric is one formula over the last axis, so that the figure itself and its thousand resamples
(`potstill.answers.intervals`) come from the same lines.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tallies:
    """How often each class was right, was gold and was predicted; all any class metric asks for.

    Attributes:
        hits: Examples of the class that were predicted as the class, [resamples, labels].
        gold: Examples of the class, same shape.
        predicted: Examples predicted as the class, same shape.
    """

    hits: Floats
    gold: Floats
    predicted: Floats

    @classmethod
    def count(
        cls, predicted: NDArray[np.int64], gold: NDArray[np.int64], *, times: Floats, num_labels: int
    ) -> "Tallies":
        """Count examples, each as often as it is told."""
        classes = np.arange(num_labels)
        is_gold = gold[:, None] == classes
        is_predicted = predicted[:, None] == classes
        return cls.count_each(is_predicted, is_gold, times=times)

    @classmethod
    def count_each(cls, predicted: NDArray[np.generic], gold: NDArray[np.generic], *, times: Floats) -> "Tallies":
        """Count labels of which an example may have several."""
        is_predicted, is_gold = predicted.astype(np.float64), gold.astype(np.float64)
        return cls(hits=times @ (is_gold * is_predicted), gold=times @ is_gold, predicted=times @ is_predicted)


def class_metric(name: str, tallies: Tallies) -> Floats:
    """Compute a metric of classes from tallies, with h hits, g gold and p predicted of each class, n examples.

        accuracy   sum h / n
        f1         2 h / (g + p) of class 1, the positive one
        macro_f1   mean of 2 h / (g + p) over the classes that are gold or predicted anywhere
        matthews   (n sum h - sum g p) / sqrt((n^2 - sum g^2) (n^2 - sum p^2)); 0 where the root is 0

    Paper:
        Matthews for many classes: Gorodkin 2004, doi:10.1016/j.compbiolchem.2004.09.006.
    """
    hits, gold, predicted = tallies.hits, tallies.gold, tallies.predicted
    assert name != "f1" or hits.shape[1] == 2, "f1 is for two classes"
    total = gold.sum(axis=1)
    match name:
        case "accuracy":
            return ratio(hits.sum(axis=1), total)
        case "f1":
            return np.asarray(class_f1(tallies)[:, 1])
        case "macro_f1":
            num_occurring = (gold + predicted > 0).sum(axis=1)
            return ratio(class_f1(tallies).sum(axis=1), num_occurring)
    assert name == "matthews", name
    covariance = total * hits.sum(axis=1) - (gold * predicted).sum(axis=1)
    gold_spread, predicted_spread = (total**2 - (counts**2).sum(axis=1) for counts in (gold, predicted))
    return ratio(covariance, np.sqrt(gold_spread) * np.sqrt(predicted_spread))


def label_metric(name: str, predicted: NDArray[np.generic], gold: NDArray[np.generic], *, times: Floats) -> Floats:
    """Compute a metric of labels of which an example may have several, with h, g and p as for `class_metric`.

    micro_f1         2 sum h / (sum g + sum p), over all labels together
    macro_f1         mean of 2 h / (g + p) over the labels that are gold or predicted anywhere
    subset_accuracy  share of examples of which every label is right
    """
    if name == "subset_accuracy":
        is_right = (predicted == gold).all(axis=1).astype(np.float64)
        return ratio(times @ is_right, times.sum(axis=1))
    tallies = Tallies.count_each(predicted, gold, times=times)
    if name == "micro_f1":
        return ratio(2 * tallies.hits.sum(axis=1), (tallies.gold + tallies.predicted).sum(axis=1))
    return class_metric(name, tallies)


def class_f1(tallies: Tallies) -> Floats:
    """Compute F1 of each class: 2 h / (g + p); 0 for a class that is neither gold nor predicted anywhere."""
    return ratio(2 * tallies.hits, tallies.gold + tallies.predicted)


def correlation(name: str, predicted: NDArray[np.generic], gold: NDArray[np.generic]) -> Floats:
    """Compute a metric of scores; `pearson_spearman` is the mean of both correlations."""
    match name:
        case "pearson":
            return pearson(predicted, gold)
        case "spearman":
            return spearman(predicted, gold)
    assert name == "pearson_spearman", name
    return np.asarray((pearson(predicted, gold) + spearman(predicted, gold)) / 2)


def pearson(first: NDArray[np.generic], second: NDArray[np.generic]) -> Floats:
    """Compute Pearson's r over the last axis."""
    first, second = _standardise(first), _standardise(second)
    return np.asarray(np.clip((first * second).sum(axis=-1), -1.0, 1.0))


def spearman(first: NDArray[np.generic], second: NDArray[np.generic]) -> Floats:
    """Compute Spearman's rank correlation over the last axis; equal values share their mean rank."""
    from scipy.stats import rankdata  # here, as whoever reads data need not wait for it

    return pearson(rankdata(first, axis=-1), rankdata(second, axis=-1))


def _standardise(values: NDArray[np.generic]) -> Floats:
    """Centre on the mean and scale to length 1; constants become exactly 0, whatever their mean rounds to."""
    exact = values.astype(np.float64)
    centred = exact - exact.mean(axis=-1, keepdims=True)
    varies = np.ptp(exact, axis=-1, keepdims=True) > 0
    return ratio(centred * varies, np.linalg.norm(centred, axis=-1, keepdims=True))


def ratio(numerator: Floats, denominator: NDArray[np.generic]) -> Floats:
    """Divide, with 0 where the denominator is 0."""
    top, bottom = np.broadcast_arrays(numerator, denominator)
    return np.asarray(np.divide(top, bottom, out=np.zeros(top.shape), where=bottom > 0))
