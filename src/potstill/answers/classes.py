"""Classes: whether labels are some, how well each is found, and what is taken for what."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from potstill.answers.metrics import Tallies, class_f1, ratio
from potstill.answers.names import are_numbers, have_decimal_commas, show
from potstill.errors import DataError
from potstill.results import ClassFigures

MAX_CLASSES = 100
"""More different labels than this are not taken as classes, where they are numbers or hardly repeat, unless the user
says so."""
_REPEATS = 2
"""Examples of a label, on the mean, from which on it repeats."""


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


def check_classes(place: str, names: Sequence[str], different: set[str]) -> None:
    """Refuse labels of which nobody says that they are classes, and which may be something else."""
    if have_decimal_commas(different):
        example = next(name for name in names if "," in name)
        raise DataError(
            f"{place}: labels such as '{example}' are numbers with a decimal comma, which are not read as scores; "
            f"write '{example.replace(',', '.')}', or set data.kind to classification where they are names."
        )
    if len(different) > MAX_CLASSES and (are_numbers(different) or len(names) < _REPEATS * len(different)):
        raise DataError(
            f"{place}: {len(different)} different labels in {len(names)} rows (such as {show(names[0])}) could be "
            "classes, scores or a wrong column; set data.kind to classification or regression, or data.label "
            "(--label) to another column."
        )
