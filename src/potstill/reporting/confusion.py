"""What a model takes for what, as a matrix or, where there are many labels, as a list."""

from dataclasses import dataclass

from potstill.reporting.views import in_order
from potstill.results import ModelResult, Results, name_role

MAX_MATRIX = 12
"""Labels of the largest confusion matrix; of more labels the commonest confusions are listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusionCell:
    """One cell of a confusion matrix.

    Attributes:
        count: Number of examples.
        heat: Share of its row in tenths, 0 .. 10.
        is_right: Whether the cell lies on the diagonal.
    """

    count: int
    heat: int
    is_right: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """What one model takes for what.

    Attributes:
        name: The model.
        labels: Names of the labels.
        rows: Cells by gold label, then by predicted label; empty where there are too many labels.
        common: The commonest confusions (gold, predicted, count), where there are too many labels for a matrix.
    """

    name: str
    labels: tuple[str, ...]
    rows: tuple[tuple[ConfusionCell, ...], ...]
    common: tuple[tuple[str, str, int], ...]


def confusions(results: Results) -> tuple[Confusion, ...]:
    """Count what each model takes for what."""
    models = [model for model in in_order(results) if model.confusion and model.role in ("teacher", "student", "model")]
    return tuple(_confusion(model) for model in models)


def _confusion(model: ModelResult) -> Confusion:
    labels = tuple(dict.fromkeys([*(each.label for each in model.classes), *model.confusion]))
    name = name_role(model.role, model.name)
    if len(labels) > MAX_MATRIX:
        wrong = [
            (gold, predicted, count)
            for gold, row in model.confusion.items()
            for predicted, count in row.items()
            if gold != predicted
        ]
        common = sorted(wrong, key=lambda item: -item[2])[:20]
        return Confusion(name=name, labels=labels, rows=(), common=tuple(common))
    rows = []
    for gold in labels:
        counts = [model.confusion.get(gold, {}).get(predicted, 0) for predicted in labels]
        total = max(1, sum(counts))
        rows.append(
            tuple(
                ConfusionCell(count=count, heat=round(10 * count / total), is_right=gold == predicted)
                for predicted, count in zip(labels, counts, strict=True)
            )
        )
    return Confusion(name=name, labels=labels, rows=tuple(rows), common=())
