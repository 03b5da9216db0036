"""Whether a classifier is right as often as it says."""

import numpy as np
from numpy.typing import NDArray

from potstill.results import Calibration, CalibrationBin

NUM_BINS = 15


def measure_calibration(
    confidence: NDArray[np.float64], is_right: NDArray[np.bool_], *, num_bins: int = NUM_BINS
) -> Calibration:
    """Compare a classifier's confidence with how often it is right.

        ECE = sum over bins of (answers of the bin / all answers) * |accuracy of the bin - confidence of the bin|

    The confidence of an answer is the probability of the chosen class at temperature 1. Bin m of M holds the
    confidences in ((m - 1) / M, m / M], as in the paper. The figure depends on M: with more bins it is higher.

    Paper:
        Guo et al. 2017, section 2, arXiv:1706.04599.
    """
    confidence = np.minimum(confidence, 1.0)
    numbers = np.clip(np.ceil(confidence * num_bins).astype(np.int64) - 1, 0, num_bins - 1)
    bins = [
        _fill_bin(number, num_bins, confidence, is_right, numbers == number) for number in np.unique(numbers).tolist()
    ]
    error = sum(each.num_examples * abs(each.accuracy - each.confidence) for each in bins) / len(is_right)
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
