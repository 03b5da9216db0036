"""A column of labels as a file holds it: one label a cell, or several."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from potstill.answers.names import NUMBER, label_name, list_names, read_index, show
from potstill.answers.words import WordSpans
from potstill.errors import DataError

_MISSING = ("nan", "null")
"""What programs write, in any case, for a cell without a value."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelColumn:
    """Labels as they stand in a file.

    Attributes:
        cells: One for each example: a name, a number, a list of them, or nothing.
        place: File and column, as messages call them.
        class_names: The names that the cells are indices of; None where they say themselves what they mean.
        rows: Number of each cell's row in its file; empty = 1, 2, and so on.
        known: The names in the order of their indices, where the user says them; a cell is one of them, or an index.
        separator: What stands between the labels of one cell; None where a cell is one label or a list.
        is_told: Whether somebody says what kind of labels these are, so that nothing is guessed.
        fewest: Different labels that there must be.
        texts: The texts, where the cells are about parts of them; else None.
        words: The words of the texts, where these are given as words; else None.
    """

    cells: Sequence[Any]
    place: str
    class_names: tuple[str, ...] | None = None
    rows: Sequence[int] = ()
    known: tuple[str, ...] = ()
    separator: str | None = None
    is_told: bool = False
    fewest: int = 2
    texts: Sequence[str] | None = None
    words: WordSpans | None = None

    @property
    def holds_lists(self) -> bool:
        """Whether cells are lists of labels, as JSON and Parquet files hold them."""
        return any(isinstance(cell, list | tuple | np.ndarray) for cell in self.cells)

    @property
    def holds_spans(self) -> bool:
        """Whether cells are lists of parts of their text, each an object or a list of start, end and label."""
        lists = (cell for cell in self.cells if isinstance(cell, list | tuple | np.ndarray))
        return any(isinstance(part, Mapping | list | tuple | np.ndarray) for cell in lists for part in cell)

    @property
    def has_names(self) -> bool:
        """Whether any cell has a label."""
        read = self._reader()
        return any(read(cell) is not None for cell in self.cells)

    def row(self, position: int) -> str:
        """Say in which row of its file a cell stands."""
        return f"{self.place}: row {self.rows[position] if self.rows else position + 1}"

    def missing(self) -> list[int]:
        """Find the cells that hold nothing; where a text may have several labels, or none, only what is null."""
        if self.separator is not None or self.holds_lists:
            return [position for position, cell in enumerate(self.cells) if cell is None]
        read = self._reader()
        return [position for position, cell in enumerate(self.cells) if _is_nothing(cell) and read(cell) is None]

    def names(self) -> list[str]:
        """Read the one label of every example."""
        names: list[str] = []
        read = self._reader()
        for position, cell in enumerate(self.cells):
            name = read(cell)
            if name is None:
                raise DataError(f"{self.row(position)} has no usable label ({show(cell)}); {self._advice(cell)}.")
            names.append(name)
        self._check_one_language(self.cells)
        return names

    def sets(self) -> list[tuple[str, ...]]:
        """Read the labels of every example, of which it may have several.

        Example:
            >>> LabelColumn(cells=["calm; warm", None], place="x.csv", separator=";").sets()
            [('calm', 'warm'), ()]
        """
        return [tuple(dict.fromkeys(names)) for names in self.lists()]

    def lists(self) -> list[list[str]]:
        """Read the labels of every example in their order, one that comes again too."""
        lists, parts, read = [], [], self._reader()
        for position, cell in enumerate(self.cells):
            own = [part.item() if isinstance(part, np.generic) else part for part in self._parts(cell, position)]
            names = [read(part) for part in own]
            known = [name for name in names if name is not None]
            if len(known) < len(names):
                told = f"{self.row(position)} has a label that is not usable ({show(cell)})"
                raise DataError(f"{told}; {self._advice(cell)}.")
            lists.append(known)
            parts += own
        self._check_one_language(parts)
        return lists

    def _parts(self, cell: Any, position: int) -> list[Any]:  # noqa: ANN401 - a cell of a file
        if isinstance(cell, list | tuple | np.ndarray):
            return list(cell)
        if cell is None or cell == "" or (isinstance(cell, float) and np.isnan(cell)):
            return []
        if self.separator is None:
            raise DataError(
                f"{self.row(position)} has {show(cell)} where a text may have several labels; set data.label_separator "
                "to what stands between them, or give lists in a JSON or Parquet file."
            )
        return [part for part in str(cell).split(self.separator) if part.strip()]

    def _reader(self) -> Callable[[Any], str | None]:
        """Make what reads one label."""
        classes, known = self.class_names, frozenset(self.known)
        if classes is not None:
            named = [name if not known or name in known else None for name in classes]
            return lambda cell: named[cell] if isinstance(cell, int) and 0 <= cell < len(named) else None
        if not known:
            return lambda cell: None if isinstance(cell, str) and _is_missing(cell) else label_name(cell)
        indexed = () if self._speaks_numbers else self.known

        def read(cell: Any) -> str | None:  # noqa: ANN401 - a cell of a file
            name = label_name(cell)
            if name is None or name in known:
                return name
            index = read_index(name)
            return indexed[index] if index is not None and index < len(indexed) else None

        return read

    @property
    def _speaks_numbers(self) -> bool:
        """Whether no number can be an index, as names are numbers."""
        return self.class_names is not None or any(NUMBER.fullmatch(name) for name in self.known)

    def _check_one_language(self, cells: Sequence[Any]) -> None:
        """Refuse labels of which some are names and others are indices."""
        if not self.known or self._speaks_numbers:
            return
        names = {name for cell in cells if (name := label_name(cell)) is not None}
        indices = sorted(names - set(self.known))
        if indices and len(indices) < len(names):
            word = next(name for name in self.known if name in names)
            raise DataError(
                f"{self.place}: some labels are names ('{word}') and some are numbers ('{indices[0]}'); write all of "
                "them in one way."
            )

    def _advice(self, cell: Any) -> str:  # noqa: ANN401 - a cell of a file
        if self.known and label_name(cell) is not None:
            return f"data.labels (--labels) has {list_names(self.known)}; mend the row, or name this label there too"
        return f"{self._mend(cell)}{self._count_missing(cell)}"

    def _count_missing(self, cell: Any) -> str:  # noqa: ANN401 - a cell of a file
        """Say how many rows have no label, and how they can be learnt from."""
        if not _is_nothing(cell):
            return ""
        rows = [self.rows[position] if self.rows else position + 1 for position in self.missing()]
        told = ", ".join(map(str, rows[:5])) + (", ..." if len(rows) > 5 else "")
        return (
            f" (without a label: {told}; {len(rows):,} in all), or set data.missing_labels = 'unlabeled' to learn from "
            "texts without labels"
        )

    def _mend(self, cell: Any) -> str:  # noqa: ANN401 - a cell of a file
        if isinstance(cell, str) and _is_missing(cell):
            return "this stands for a missing one; mend or remove the row, or name it in data.labels (--labels)"
        return "mend or remove the row"


def _is_nothing(cell: Any) -> bool:  # noqa: ANN401 - a cell of a file
    if isinstance(cell, str):
        return not cell.strip() or _is_missing(cell)
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


def _is_missing(cell: str) -> bool:
    return cell.strip().casefold() in _MISSING
