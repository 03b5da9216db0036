"""What a classifier takes for what: figures of each class and the confusion between them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from potstill.answers.metrics import Tallies, class_f1, ratio
from potstill.results import ClassFigures


def measure_classes(names: Sequence[str], tallies: Tallies) -> tuple[ClassFigures, ...]:
    """Measure how well each class is found.

    With h rows of a class predicted as it, g of the class and p predicted as it:

        precision = h / p        recall = h / g        F1 = 2 h / (g + p)        each 0 where it divides by 0
    """
    precision, recall = ratio(tallies.hits, tallies.predicted), ratio(tallies.hits, tallies.gold)
    rows = zip(names, precision[0], recall[0], class_f1(tallies)[0], tallies.gold[0], strict=True)
    return tuple(
        ClassFigures(label=label, precision=float(p), recall=float(r), f1=float(f), support=int(n))
        for label, p, r, f, n in rows
    )


def count_confusion(
    names: Sequence[str], predicted: NDArray[np.int64], gold: NDArray[np.int64]
) -> dict[str, dict[str, int]]:
    """Count how often each class was taken for each; what never occurred is left out."""
    cells, counts = np.unique(np.stack([gold, predicted]), axis=1, return_counts=True)
    table: dict[str, dict[str, int]] = {}
    for (actual, answered), count in zip(cells.T.tolist(), counts.tolist(), strict=True):
        table.setdefault(names[actual], {})[names[answered]] = count
    return table
