"""A column of labels as a file holds it: one label a cell, or several."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from potstill.errors import DataError

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_LONGEST_NUMBER = 300
"""Characters of a number; what is longer is a name like any other, and Python reads no number of 4,300 digits."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelColumn:
    """Labels as they stand in a file.

    Attributes:
        cells: One for each example: a name, a number, a list of them, or nothing.
        place: File and column, as messages call them.
        class_names: The names that the cells are indices of; None where they say themselves what they mean.
        separator: What stands between the labels of one cell; None where a cell is one label or a list.
        is_told: Whether somebody says what kind of labels these are, so that nothing is guessed.
        fewest: Different labels that there must be.
    """

    cells: Sequence[Any]
    place: str
    class_names: tuple[str, ...] | None = None
    separator: str | None = None
    is_told: bool = False
    fewest: int = 2

    @property
    def holds_lists(self) -> bool:
        """Whether cells are lists of labels, as JSON and Parquet files hold them."""
        return any(isinstance(cell, list | tuple | np.ndarray) for cell in self.cells)

    @property
    def has_names(self) -> bool:
        """Whether any cell has a label."""
        return any(self._name(cell) is not None for cell in self.cells)

    def names(self) -> list[str]:
        """Read the one label of every example."""
        names: list[str] = []
        for row, cell in enumerate(self.cells, start=1):
            name = self._name(cell)
            if name is None:
                raise DataError(f"{self.place}: row {row} has no usable label ({cell!r}); mend or remove the row.")
            names.append(name)
        return names

    def sets(self) -> list[tuple[str, ...]]:
        """Read the labels of every example, of which it may have several.

        Example:
            >>> LabelColumn(cells=["calm; warm", None], place="x.csv", separator=";").sets()
            [('calm', 'warm'), ()]
        """
        sets = []
        for row, cell in enumerate(self.cells, start=1):
            parts = [part.item() if isinstance(part, np.generic) else part for part in self._parts(cell, row)]
            names = [self._name(part) for part in parts]
            known = [name for name in names if name is not None]
            if len(known) < len(names):
                raise DataError(
                    f"{self.place}: row {row} has a label that is not usable ({cell!r}); mend or remove the row."
                )
            sets.append(tuple(dict.fromkeys(known)))
        return sets

    def _parts(self, cell: Any, row: int) -> list[Any]:  # noqa: ANN401 - a cell of a file
        if isinstance(cell, list | tuple | np.ndarray):
            return list(cell)
        if cell is None or cell == "" or (isinstance(cell, float) and np.isnan(cell)):
            return []
        if self.separator is None:
            raise DataError(
                f"{self.place}: row {row} has {cell!r} where a text may have several labels; set data.label_separator "
                "to what stands between them, or give lists in a JSON or Parquet file."
            )
        return [part for part in str(cell).split(self.separator) if part.strip()]

    def _name(self, cell: Any) -> str | None:  # noqa: ANN401 - a cell of a file
        if self.class_names is None:
            return label_name(cell)
        return self.class_names[cell] if isinstance(cell, int) and 0 <= cell < len(self.class_names) else None


def label_name(value: Any) -> str | None:  # noqa: ANN401 - a cell of a file
    """Write a label in one way, however its file holds it.

    Example:
        >>> [label_name(value) for value in (1.0, " good ", "0.50", True, float("nan"), "")]
        ['1', 'good', '0.5', 'True', None, None]
    """
    if isinstance(value, str):
        text = value.strip()
        if not NUMBER.fullmatch(text) or len(text) > _LONGEST_NUMBER:
            return text or None
        return str(int(text)) if text.lstrip("+-").isdigit() else label_name(float(text))
    if isinstance(value, bool | int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value)) if value.is_integer() else repr(value)
    return None


def are_numbers(names: Iterable[str]) -> bool:
    """Say whether labels, written by `label_name`, are all numbers.

    Args:
        names: The labels.

    Returns:
        Whether they are.
    """
    return all(NUMBER.fullmatch(name) for name in names)


def sort_label_names(names: Sequence[str]) -> tuple[str, ...]:
    """Order the different labels: by value where all are numbers, else by alphabet.

    Example:
        >>> sort_label_names(["10", "9", "9"])
        ('9', '10')
    """
    different = set(names)
    return tuple(sorted(different, key=float) if are_numbers(different) else sorted(different))


def list_names(names: Sequence[str]) -> str:
    """Name labels in a message, the first twelve of many.

    Args:
        names: The labels.

    Returns:
        One line.
    """
    shown = ", ".join(names[:12]) or "none: a score"
    return f"{shown}, ... {len(names)} in all" if len(names) > 12 else shown
