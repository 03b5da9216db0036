"""Which answers are likely wrong, by confident learning."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Suspects:
    """What confident learning makes of given labels.

    Attributes:
        rows: Texts whose label is likely wrong, the likeliest first.
        guesses: For each of them the label that it likely has.
        margins: For each of them how much likelier that one is than the given one.
        joint: Texts by given and by likely label, of those that are confidently counted, [labels, labels].
    """

    rows: NDArray[np.int64]
    guesses: NDArray[np.int64]
    margins: NDArray[np.float64]
    joint: NDArray[np.int64]


def find_suspects(shares: NDArray[np.float64], given: NDArray[np.int64]) -> Suspects:
    """Find labels that are likely wrong.

        t_j = mean of p_j over the texts whose given label is j
        C_ij = number of texts with given label i and likely label j, where
               j = argmax of p_l over the labels l with p_l >= t_l

    Texts without a label that reaches its threshold are not counted. What lies off the diagonal of C is suspect. A
    label that no text has been given has no threshold, and none is taken for it.

    Args:
        shares: Probabilities p of models that have not seen the text, [texts, labels].
        given: The labels.

    Returns:
        The suspects, ordered by how much likelier the other label is.

    Paper:
        Northcutt, Jiang and Chuang 2021, section 3.1 (the confident joint) and 3.2 (what lies off its diagonal; ranked
        by the normalised margin), arXiv:1911.00068.
    """
    count, num_labels = shares.shape
    has_label = np.eye(num_labels, dtype=np.bool_)[given]
    totals = has_label.sum(axis=0)
    thresholds = np.where(totals > 0, (shares * has_label).sum(axis=0) / np.maximum(totals, 1), np.inf)
    reaches = shares >= thresholds
    likely = np.where(reaches, shares, -np.inf).argmax(axis=1)
    is_counted = reaches.any(axis=1)
    joint = np.zeros((num_labels, num_labels), dtype=np.int64)
    np.add.at(joint, (given[is_counted], likely[is_counted]), 1)
    rows = np.flatnonzero(is_counted & (likely != given))
    margins = shares[rows, likely[rows]] - shares[rows, given[rows]]
    order = np.argsort(-margins, kind="stable")
    rows = rows[order]
    return Suspects(rows=rows, guesses=likely[rows], margins=margins[order], joint=joint)
