"""CSV and TSV files as the programs of the world write them; every cell is text, whatever it looks like."""

import csv
import io
import re
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from potstill.answers import show
from potstill.data.tables import DataTable, count_of, table_suffix
from potstill.data.text_files import read_text
from potstill.errors import DataError

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_TOLD = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
"""The line in which a spreadsheet says what stands between cells."""
_LINE_END = r"\r\n|\n|\r"
_Quotes: TypeAlias = Literal["doubled", "escaped", "text"]
"""What a quotation mark within a cell is: written twice, written behind a backslash, or text like any other."""
_QUOTED_CELLS: dict[_Quotes, str] = {"doubled": r'"(?:[^"]|"")*+"', "escaped": r'"(?:[^"\\]|\\.)*+"'}
"""What a cell looks like that is quoted as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A row of a file: its number, the header being 0, the line that it begins in, and its cells."""

    number: int
    line: int
    cells: list[str]

    @property
    def is_blank(self) -> bool:
        return len(self.cells) == 0 or (len(self.cells) == 1 and not self.cells[0].strip())


def read_delimited(path: Path) -> DataTable:
    """Read a CSV or TSV file."""
    text, notes = read_text(path)
    is_tsv, told = table_suffix(path) == ".tsv", _TOLD.match(text)
    body = text[told.end() :] if told else text
    delimiter = told[1] if told else _find_delimiter(body, "\t" if is_tsv else ",")
    quotes = _find_quotes(body, delimiter)
    if quotes == "escaped":
        body = body.replace('\\"', '""')
    rows = _parse(path, body, delimiter, quotes, first_line=2 if told else 1)
    if delimiter != ("\t" if is_tsv else ","):
        notes = (*notes, f"{_DELIMITERS.get(delimiter, repr(delimiter))} between cells")
    if delimiter == "\t" and '"' in body:
        notes = (*notes, "quotation marks are text" if quotes == "text" else "cells are quoted")
    return _make_table(path, rows, notes)


def _find_delimiter(text: str, usual: str) -> str:
    """Take what parts the header into most cells; of equals the one that the file's ending tells."""
    header = re.split(_LINE_END, text, maxsplit=1)[0]
    if usual == "\t" and "\t" in header:
        return usual
    return max((usual, *_DELIMITERS), key=lambda each: len(next(csv.reader([header], delimiter=each), [])))


def _find_quotes(text: str, delimiter: str) -> _Quotes:
    """Say what a quotation mark means.

    In a file with tabs it is text, as in most of them, unless every cell that holds one is quoted as a whole.
    """
    usual: _Quotes = "text" if delimiter == "\t" else "doubled"
    if '"' not in text:
        return usual
    end = f"{re.escape(delimiter)}|{_LINE_END}"
    for quotes, quoted in _QUOTED_CELLS.items():
        cell = rf'(?:{quoted}|[^"{re.escape(delimiter)}\r\n]*+)'
        if re.fullmatch(f"(?:{cell}(?:{end}))*+{cell}", text, re.DOTALL):
            return quotes
    return usual


def _parse(path: Path, text: str, delimiter: str, quotes: _Quotes, *, first_line: int) -> list[_Row]:
    rows: list[_Row] = []
    begun = 0
    with _long_cells():
        lines = io.StringIO(text, newline="")
        if quotes == "text":
            reader = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE, strict=True)
        else:
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
        try:
            for number, cells in enumerate(reader):
                rows.append(_Row(number=number, line=begun + first_line, cells=cells))
                begun = reader.line_num
        except csv.Error:
            shown = show(re.split(_LINE_END, text)[begun])
            raise DataError(
                f"{path}: row {len(rows)} (line {begun + first_line}) is no readable row of a table, as its quotation "
                f"marks do not pair ({shown}); write one within a cell twice, and one around the cell."
            ) from None
    while rows and rows[-1].is_blank:
        rows.pop()
    return rows


def _make_table(path: Path, rows: list[_Row], notes: tuple[str, ...]) -> DataTable:
    header = [name.strip() for name in rows[0].cells] if rows else []
    body = [row for row in rows[1:] if not row.is_blank or len(header) == 1]
    if len(body) < len(rows) - 1:
        notes = (*notes, f"{count_of(len(rows) - 1 - len(body), 'empty line')} left out")
    cells = [_fit(path, row, header) for row in body]
    if _has_row_names(header, cells):
        header, notes = ["", *header], (*notes, "names of rows left out")
    named = [place for place, name in enumerate(header) if name]
    if len({header[place] for place in named}) < len(named):
        raise DataError(f"{path}: two columns have the same name ({', '.join(header)}); name each differently.")
    for place, name in enumerate(header):
        if not name and place > 0:
            _check_idle(path, place, body)
    if len(named) < len(header):
        notes = (*notes, f"{count_of(len(header) - len(named), 'column')} without a name left out")
    return DataTable(
        name=str(path),
        columns={header[place]: [row[place] if row else "" for row in cells] for place in named},
        rows=[row.number for row in body],
        notes=notes,
    )


def _fit(path: Path, row: _Row, header: list[str]) -> list[str]:
    """Drop empty cells behind the last column, and refuse a row of another width, but one that has a row's name."""
    cells, width = row.cells, len(header)
    if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
        cells = cells[:width]
    has_name = len(cells) == width + 1 and cells[0] == str(row.number)
    if cells and len(cells) != width and not has_name:
        found = f"{count_of(len(cells), 'cell')} ({show(cells[0])}, ...)"
        raise DataError(
            f"{path}: row {row.number} (line {row.line}) has {found}, but the header names {width} columns; quote "
            "cells that hold the delimiter, and mend the row."
        )
    return cells


def _has_row_names(header: list[str], cells: list[list[str]]) -> bool:
    """Whether each row begins with its number, of which the header says nothing."""
    return len(header) > 1 and bool(cells) and all(len(row) == len(header) + 1 for row in cells)


def _check_idle(path: Path, place: int, body: list[_Row]) -> None:
    """Refuse a column that has cells and no name."""
    for row in body:
        if place < len(row.cells) and row.cells[place].strip():
            raise DataError(
                f"{path}: column {place + 1} has no name, and row {row.number} has {show(row.cells[place])} there; "
                "name the column, or quote cells that hold the delimiter."
            )


@contextmanager
def _long_cells() -> Generator[None, None, None]:
    """Lift the csv module's limit on the length of a cell for a while."""
    before = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        yield
    finally:
        csv.field_size_limit(before)
