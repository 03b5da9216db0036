"""Whether a classifier is right as often as it says."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from potstill.data import LabelArray
from potstill.results import Calibration, CalibrationBin

NUM_BINS = 15


def measure_calibration(logits: NDArray[np.floating], gold: LabelArray, *, num_bins: int = NUM_BINS) -> Calibration:
    """Compare a classifier's confidence with how often it is right.

        ECE = sum over bins of (examples of the bin / all examples) * |accuracy of the bin - confidence of the bin|

    The confidence of an answer is the probability of the chosen class at temperature 1. Bin m of M holds the
    confidences in ((m - 1) / M, m / M], as in the paper. The figure depends on M: with more bins it is higher.

    Args:
        logits: Outputs of the head, [examples, labels].
        gold: Class indices, [examples]; at least one.
        num_bins: M >= 1 bins of equal width; 15 in the paper.

    Returns:
        The error and the bins that hold an example.

    Paper:
        Guo et al. 2017, section 2, arXiv:1706.04599.
    """
    probabilities = softmax(logits.astype(np.float64), axis=1)
    confidence = np.minimum(probabilities.max(axis=1), 1.0)
    is_right = logits.argmax(axis=1) == gold
    numbers = np.clip(np.ceil(confidence * num_bins).astype(np.int64) - 1, 0, num_bins - 1)
    bins = [
        _fill_bin(number, num_bins, confidence, is_right, numbers == number) for number in np.unique(numbers).tolist()
    ]
    error = sum(each.num_examples * abs(each.accuracy - each.confidence) for each in bins) / len(gold)
    return Calibration(error=min(error, 1.0), num_bins=num_bins, bins=tuple(bins))


def _fill_bin(
    number: int,
    num_bins: int,
    confidence: NDArray[np.float64],
    is_right: NDArray[np.bool_],
    is_inside: NDArray[np.bool_],
) -> CalibrationBin:
    return CalibrationBin(
        low=float(number / num_bins),
        high=float((number + 1) / num_bins),
        num_examples=int(is_inside.sum()),
        confidence=min(1.0, float(confidence[is_inside].mean())),
        accuracy=float(is_right[is_inside].mean()),
    )
