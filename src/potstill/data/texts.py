"""Texts of a file: find their column, and read them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from potstill.answers import WordSpans, show
from potstill.data.records import Split
from potstill.data.sources import read_table
from potstill.data.tables import DataTable, table_suffix
from potstill.data.text_files import read_lines
from potstill.data.word_cells import find_word_columns, read_words
from potstill.errors import DataError, did_you_mean

TEXT_COLUMNS = ("text", "sentence")
FindWords: TypeAlias = Callable[[Sequence[str]], WordSpans | None]
"""Finds the words of texts, where each is a row; else gives None."""
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_MOST_ROWS = 8
_LONG_NAME = 60
"""Characters of a column's name that a message shows."""


def read_texts(
    path: Path, *, text: str | None = None, text_pair: str | None = None, may_be_empty: bool = False
) -> Split:
    """Read texts to predict on.

    Args:
        path: A CSV, TSV, JSONL, JSON or Parquet file, or a .txt file with one text a line; also packed by gzip.
        text: Column of the (first) text; None = the column `text`, or else `sentence`.
        text_pair: Column of the second text; None = one text per example.
        may_be_empty: Whether a text without a word is taken as it is, a missing one as an empty one.

    Returns:
        The texts in the order of the file, without labels.

    Raises:
        DataError: The file or a column cannot be used, or a text is empty.
    """
    if table_suffix(path) == ".txt":
        if text is not None or text_pair is not None:
            raise DataError(f"{path}: a .txt file has no columns; leave the column '{text or text_pair}' out.")
        table = DataTable(name=str(path), columns={"text": read_lines(path)})
        return Split(texts=text_cells(table, "text", may_be_empty=may_be_empty))
    table = read_table(path)
    first = find_text(table, text)
    second = None if text_pair is None else find_column(table, text_pair, (), "text_pair")
    return read_split(table, first, second, may_be_empty=may_be_empty)


def find_column(table: DataTable, name: str | None, defaults: Sequence[str], part: str) -> str:
    """Find the column that plays a part, by the user's name for it or by a default."""
    field = f"data.{part} (--{part.replace('_', '-')})"
    if name is not None:
        if name in table.columns:
            return name
        raise DataError(f"{field}: {table.name} has no column '{name}'.{did_you_mean(name, table.columns)}")
    for default in defaults:
        if default in table.columns:
            return default
    shown = [name if len(name) <= _LONG_NAME else f"{name[:_LONG_NAME]} ..." for name in table.columns]
    is_doubtful = any(name.count(" ") > 2 or name.replace(".", "").isdigit() for name in table.columns)
    advice = " (if these are an example, put a row with names above it)" if is_doubtful else ""
    raise DataError(
        f"{field}: {table.name} has no column '{' or '.join(defaults)}'; set it to one of its columns: "
        f"{', '.join(shown)}{advice}."
    )


def find_text(table: DataTable, name: str | None) -> str:
    """Find the column of the text, or of its words, by the user's name for it or by a default."""
    words, _ = find_word_columns(table)
    return find_column(table, name or words, TEXT_COLUMNS, "text")


def read_split(
    table: DataTable, text: str, pair: str | None, *, may_be_empty: bool = False, find_words: FindWords | None = None
) -> Split:
    """Read texts or pairs of texts, and where words are rows also these: as they are given, or as they are found.

    Lists of words are texts too, unless `find_words` says that words are no rows.
    """
    reads_words = find_words is None or find_words([]) is not None
    given = read_words(table, text) if reads_words else None
    texts = text_cells(table, text, may_be_empty=may_be_empty) if given is None else given[0]
    words = None if find_words is None else find_words(texts) if given is None else given[1]
    pairs = None if pair is None else text_cells(table, pair, may_be_empty=may_be_empty)
    return Split(texts=texts, pairs=pairs, words=words)


def text_cells(table: DataTable, column: str, *, may_be_empty: bool = False) -> list[str]:
    """Read the texts of a column, and refuse what is none."""
    cells, empty = list(table.columns[column][:]), []
    for position, cell in enumerate(cells):
        where = f"{table.place(column)}: row {table.number(position)}"
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            empty.append(table.number(position))
        elif not isinstance(cell, str):
            raise DataError(f"{where} has {show(cell)}, which is not a text; mend or remove the row.")
        elif not cell.isascii() and _HALF_CHARACTER.search(cell):
            raise DataError(f"{where} has half of a character; mend or remove the row.")
    if empty and not may_be_empty:
        told = f"row {empty[0]} has an empty text; mend or remove the row"
        if len(empty) > 1:
            rows = ", ".join(map(str, empty[:_MOST_ROWS])) + (", ..." if len(empty) > _MOST_ROWS else "")
            told = f"{len(empty):,} rows have an empty text (rows {rows}); mend or remove them"
        raise DataError(f"{table.place(column)}: {told}.")
    return ["" if cell is None else cell for cell in cells]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextColumns:
    """Which columns of a table are read.

    Attributes:
        text: Column of the (first) text; None = the column `text`, or else `sentence`.
        text_pair: Column of the second text, where an example is two texts.
        is_pair: Whether it is.
    """

    text: str | None
    text_pair: str | None
    is_pair: bool

    def read(self, table: DataTable, *, may_be_empty: bool = True, find_words: FindWords | None = None) -> Split:
        """Read the texts of a table; an empty cell is an empty text, or a mistake."""
        first = find_text(table, self.text)
        second = find_column(table, self.text_pair, ("text_pair",), "text_pair") if self.is_pair else None
        return read_split(table, first, second, may_be_empty=may_be_empty, find_words=find_words)
