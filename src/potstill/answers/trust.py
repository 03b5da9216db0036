"""On which of its answers a model can be believed: thresholds on its confidence with exact bounds."""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from potstill.results import Promise, Trust, TrustStep

_ERROR = 0.05
_NUM_STEPS = 50
"""Thresholds that are tested: each answers another fiftieth of the texts."""
_START = 0.25
"""Share of the texts that the first of them answers at least, so that one wrong answer among the surest is no end."""
_TARGET = 0.99
_MOST_NEEDED = 10_000_000


def measure_trust(
    confidence: NDArray[np.floating],
    agrees: NDArray[np.bool_],
    *,
    reference: Literal["teacher", "gold"],
    split: str,
    num_choices: int = 1,
) -> Trust:
    """Measure how often answers agree, over how sure the model is of them.

    Threshold j of J is the confidence of the answer that is number n j / J from the surest down; answers with the same
    confidence are all above it, or none. Its bound is that of Clopper and Pearson for k of m answers that agree,

        bound = the p at which P(Binomial(m, p) >= k) = error / num_choices,

    which is 1 - 0.05 sure for one threshold, whatever the true share. The texts may have chosen among `num_choices`
    weights; as the bound holds for all of them together (Bonferroni), it holds for those that were chosen.

    Args:
        confidence: One for each text, in 0 .. 1.
        agrees: Whether each answer is that of the reference.
        reference: Who that is.
        split: Which texts; nothing was learnt from them.
        num_choices: Among how many weights they chose.

    Returns:
        The thresholds with what lies above them, and what can be promised at 99 %.

    Paper:
        Clopper and Pearson 1934, doi:10.1093/biomet/26.4.404.
    """
    order = np.argsort(-confidence, kind="stable")
    sorted_confidence, right = confidence[order].astype(np.float64), np.cumsum(agrees[order], dtype=np.int64)
    count = len(order)
    wanted = np.unique(np.ceil(count * np.arange(1, _NUM_STEPS + 1) / _NUM_STEPS).astype(np.int64))
    answered = np.unique(np.searchsorted(-sorted_confidence, -sorted_confidence[wanted - 1], side="right"))
    bounds = lower_bound(right[answered - 1], answered, level=_ERROR / num_choices)
    rows = zip(sorted_confidence[answered - 1], answered, right[answered - 1], bounds, strict=True)
    steps = tuple(
        TrustStep(threshold=float(least), num_answered=int(number), num_agreed=int(agreed), bound=float(bound))
        for least, number, agreed, bound in rows
    )
    bare = Trust(
        reference=reference,
        split=split,
        num_texts=count,
        num_choices=num_choices,
        error=_ERROR,
        steps=steps,
        promise=Promise(target=_TARGET),
    )
    return bare.model_copy(update={"promise": find_promise(bare, target=_TARGET)})


def find_promise(trust: Trust, *, target: float) -> Promise:
    """Find the lowest confidence from which on answers can be promised to agree.

    Fixed-sequence testing: the thresholds are tested one after another, from the surest answers down, each at the full
    level, and the first one whose bound is below the target ends it; the one before counts. Let t be the lowest
    threshold at which the share that agrees among all texts is the target or more. To end below t, a sequence must pass
    its first threshold below t, where the share is too low, and by the bound it does so in at most 5 % of all draws. So
    the search costs nothing. It supposes that answers agree less often the less sure they are; how many answers the
    first threshold needs depends on the number of texts alone.

    Args:
        trust: What was measured.
        target: The share that is to agree, between 0 and 1.

    Returns:
        The promise; without a threshold where none passes.

    Paper:
        Angelopoulos et al. 2021, Learn then Test, section 2.3 (fixed-sequence testing), arXiv:2110.01052; for
        confidence thresholds: Geifman and El-Yaniv 2017, arXiv:1705.08500.
    """
    level = trust.error / trust.num_choices
    first = max(fewest_texts(target, level=level), math.ceil(_START * trust.num_texts))
    best = None
    for step in trust.steps:
        if step.num_answered < first:
            continue
        if step.bound < target:
            break
        best = step
    if best is None:
        return Promise(target=target, num_needed=_count_needed(trust.steps, trust.num_texts, target, level))
    return Promise(
        target=target,
        threshold=best.threshold,
        coverage=best.num_answered / trust.num_texts,
        agreement=best.num_agreed / best.num_answered,
    )


def lower_bound(agreed: NDArray[np.int64], answered: NDArray[np.int64], *, level: float) -> NDArray[np.float64]:
    """Give Clopper and Pearson's lower bound of a share; in `level` of all draws at most it is above the true one."""
    from scipy.special import betaincinv

    found = betaincinv(np.maximum(agreed, 1), answered - agreed + 1, level)
    return np.where(agreed == 0, 0.0, found)


def fewest_texts(target: float, *, level: float) -> int:
    """Count the answers that it takes at least, if all of them agree: target^count <= level.

    Example:
        >>> fewest_texts(0.99, level=0.05), fewest_texts(0.95, level=0.05)
        (299, 59)
    """
    return math.ceil(math.log(level) / math.log(target))


def _count_needed(steps: Sequence[TrustStep], num_texts: int, target: float, level: float) -> int | None:
    """Count the texts with which a threshold would pass, if answers went on to agree as often."""
    found = [
        math.ceil(number * num_texts / step.num_answered)
        for step in steps
        if step.num_answered >= _START * num_texts
        and (number := _count_answers(step.num_agreed / step.num_answered, target, level)) is not None
    ]
    return min(found, default=None)


def _count_answers(share: float, target: float, level: float) -> int | None:
    """Count the answers, of which a share agrees, that put the bound of the share at the target."""
    if share <= target:
        return None
    number = fewest_texts(target, level=level)
    while number <= _MOST_NEEDED:
        agreed = np.array([math.floor(share * number)])
        if lower_bound(agreed, np.array([number]), level=level)[0] >= target:
            return number
        number = math.ceil(number * 1.05)
    return None
