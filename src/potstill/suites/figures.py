"""Our figures over seeds, and how they are rounded and averaged."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from potstill.published import Column, average_half_up
from potstill.suites.scores import ScoreSheet
from potstill.suites.sizes import measure_size

ABSENT = "-"
"""What a cell without a figure shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure of ours over seeds.

    Attributes:
        values: One for each seed, metrics times 100; at least one.
        num_digits: Digits after the point.
    """

    values: tuple[float, ...]
    num_digits: int = 1

    @property
    def mean(self) -> Decimal:
        """The mean over seeds, rounded half up."""
        return _round(statistics.fmean(self.values), self.num_digits)

    @property
    def spread(self) -> Decimal | None:
        """The standard deviation over seeds (n - 1), rounded half up; None with one seed."""
        return _round(statistics.stdev(self.values), self.num_digits) if len(self.values) > 1 else None

    def __str__(self) -> str:
        """Write mean and spread."""
        return f"{self.mean}" if self.spread is None else f"{self.mean} ± {self.spread}"


def write_figure(value: Figure | Decimal | None) -> str:
    """Write a figure of ours or a printed one; a dash where there is none."""
    return ABSENT if value is None else str(value)


def find_figure(sheet: ScoreSheet, row: str, column: Column) -> Figure | None:
    """Find what a row of ours has in a column."""
    return _size(sheet, row, column) if column.quantity is not None else _score(sheet, row, column)


def _score(sheet: ScoreSheet, row: str, column: Column) -> Figure | None:
    """Collect a metric over the seeds of a row."""
    assert column.metric is not None
    values = []
    for model in sheet.find(row, column.task):
        metrics = model.result.other_splits.get(column.split, {}) if column.split else model.result.metrics
        if column.metric in metrics:
            values.append(100 * metrics[column.metric])
    return Figure(values=tuple(values)) if values else None


def _size(sheet: ScoreSheet, row: str, column: Column) -> Figure | None:
    """Collect a size over the tasks and seeds of a row."""
    assert column.quantity is not None
    found = [measure_size(model, column.quantity) for model in sheet.find(row)]
    values = tuple(value for value in found if value is not None)
    if not values:
        return None
    if column.quantity in ("layers", "hidden_size", "feed_forward_size"):
        return Figure(values=values[:1], num_digits=0)
    return Figure(values=(statistics.fmean(values),))


def average_figures(figures: Sequence[Figure | None]) -> Decimal | None:
    """Average columns as the published tables do: from the figures as printed, half up."""
    present = tuple(figure.mean for figure in figures if figure is not None)
    return average_half_up(present) if present and len(present) == len(figures) else None


def _round(value: float, num_digits: int) -> Decimal:
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-num_digits), ROUND_HALF_UP)
