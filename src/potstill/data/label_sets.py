"""Labels of which an example may have several: as they stand in files, and as a matrix of zeros and ones."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from potstill.data.labels import label_name
from potstill.data.records import Task
from potstill.errors import DataError


def holds_lists(cells: Sequence[Any]) -> bool:
    """Say whether cells are lists of labels, as JSON and Parquet files hold them."""
    return any(isinstance(cell, list | tuple | np.ndarray) for cell in cells)


def read_label_sets(
    cells: Sequence[Any], *, separator: str | None, class_names: Sequence[str] | None, where: str
) -> list[tuple[str, ...]]:
    """Read the labels of every example.

    Example:
        >>> read_label_sets(["calm; warm", None], separator=";", class_names=None, where="x.csv")
        [('calm', 'warm'), ()]
    """
    sets = []
    for row, cell in enumerate(cells, start=1):
        names = [_name(part, class_names) for part in _parts(cell, separator, f"{where}: row {row}")]
        known = [name for name in names if name is not None]
        if len(known) < len(names):
            raise DataError(f"{where}: row {row} has a label that is not usable ({cell!r}); mend or remove the row.")
        sets.append(tuple(dict.fromkeys(known)))
    return sets


def _parts(cell: Any, separator: str | None, where: str) -> list[Any]:  # noqa: ANN401 - a cell of a file
    if isinstance(cell, list | tuple | np.ndarray):
        return list(cell)
    if cell is None or cell == "" or (isinstance(cell, float) and np.isnan(cell)):
        return []
    if separator is None:
        raise DataError(
            f"{where} has {cell!r} where a text may have several labels; set data.label_separator to what stands "
            "between them, or give lists in a JSON or Parquet file."
        )
    return [part for part in str(cell).split(separator) if part.strip()]


def _name(part: Any, class_names: Sequence[str] | None) -> str | None:  # noqa: ANN401 - a cell of a file
    value = part.item() if isinstance(part, np.generic) else part
    if class_names is None:
        return label_name(value)
    return class_names[value] if isinstance(value, int) and 0 <= value < len(class_names) else None


def encode_label_sets(sets: Sequence[Sequence[str]], task: Task, *, where: str) -> NDArray[np.float32]:
    """Turn the labels of every example into a matrix."""
    positions = {name: position for position, name in enumerate(task.label_names)}
    matrix = np.zeros((len(sets), len(positions)), dtype=np.float32)
    for row, names in enumerate(sets):
        for name in names:
            if name not in positions:
                known = ", ".join(task.label_names[:12])
                raise DataError(
                    f"{where}: row {row + 1} has the label '{name}', which does not occur in the training examples; "
                    f"they have {known}."
                )
            matrix[row, positions[name]] = 1.0
    return matrix
