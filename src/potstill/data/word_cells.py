"""Texts that a table holds as words, and what stands beside them."""

from typing import Any

import numpy as np

from potstill.answers import TAG_COLUMNS, WORD_COLUMNS, WordSpans, join_words, show
from potstill.data.tables import DataTable
from potstill.errors import DataError


def find_word_columns(table: DataTable) -> tuple[str | None, str | None]:
    """Find the columns of words and of their labels that a table has under their usual names, and no column `label`."""
    if "label" in table.columns:
        return None, None
    words, tags = (
        next((name for name in names if name in table.columns and holds_list(table, name)), None)
        for names in (WORD_COLUMNS, TAG_COLUMNS)
    )
    return words, tags


def holds_list(table: DataTable, column: str) -> bool:
    """Say whether a column of a table holds lists."""
    return any(isinstance(cell, list | tuple | np.ndarray) for cell in table.columns[column][:])


def read_words(table: DataTable, column: str) -> tuple[list[str], WordSpans] | None:
    """Read texts that are lists of words; None where they are no lists."""
    if not holds_list(table, column):
        return None
    cells = [_check(cell, table, column, place) for place, cell in enumerate(table.columns[column][:])]
    return join_words(cells)


def _check(cell: Any, table: DataTable, column: str, place: int) -> list[str]:  # noqa: ANN401 - a cell of a file
    where = f"{table.place(column)}: row {table.number(place)}"
    words = cell.tolist() if isinstance(cell, np.ndarray) else cell
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
        raise DataError(f"{where} has {show(cell)}, which is no list of words; mend or remove the row.")
    if not any(word.strip() for word in words):
        raise DataError(f"{where} has an empty text; mend or remove the row.")
    if any("\ud800" <= sign <= "\udfff" for word in words for sign in word):
        raise DataError(f"{where} has half of a character; mend or remove the row.")
    return list(words)
