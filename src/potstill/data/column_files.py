"""Files with a word a line, its label in the last column, and an empty line between two texts: CoNLL columns."""

import re
from pathlib import Path

from potstill.answers import TAG_COLUMNS, WORD_COLUMNS, show
from potstill.data.tables import DataTable, count_of
from potstill.data.text_files import read_text
from potstill.errors import DataError

_DOCUMENT = "-DOCSTART-"
_COMMENT = re.compile(r"#\s*[\w.]+\s*=")
"""What describes a text in front of it, such as `# sent_id = 7`; a word `#` has a label behind it."""


def read_columns(path: Path) -> DataTable:
    """Read texts of words with labels; the number of a row is the line of its first word.

    Further columns are called `column_2`, `column_3`, ... Columns are parted by tabs or, in a line without one, by
    blanks. A line of blanks is empty.
    """
    text, notes = read_text(path)
    rows: list[list[list[str]]] = []
    numbers: list[int] = []
    is_within, num_documents, width, first_line = False, 0, 0, 0
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.startswith(_DOCUMENT) or _COMMENT.match(line):
            num_documents += line.startswith(_DOCUMENT)
            is_within = False
            continue
        cells = _cut(line)
        if width == 0:
            width, first_line = len(cells), number
        _check(path, number, cells, width, first_line)
        if not is_within:
            rows.append([])
            numbers.append(number)
            is_within = True
        rows[-1].append(cells)
    names = [WORD_COLUMNS[0], *(f"column_{place}" for place in range(2, width)), TAG_COLUMNS[0]]
    columns = {name: [[cells[place] for cells in row] for row in rows] for place, name in enumerate(names)}
    filled = [place for place, row in enumerate(rows) if any(cells[0].strip() for cells in row)]
    counts = {f"{_DOCUMENT} line": num_documents, "text without a visible sign": len(rows) - len(filled)}
    left = [f"{count_of(number, what)} left out" for what, number in counts.items() if number]
    return DataTable(name=str(path), columns=columns, rows=numbers, notes=(*notes, *left)).take(filled)


def _cut(line: str) -> list[str]:
    whole = line.rstrip("\r")
    return [cell.strip(" ") for cell in whole.split("\t")] if "\t" in whole else whole.split()


def _check(path: Path, number: int, cells: list[str], width: int, first_line: int) -> None:
    if len(cells) < 2 or not cells[-1]:
        raise DataError(
            f"{path}: line {number} has no label ({show(' '.join(cells).strip())}); a line is a word, perhaps more "
            "columns, and the label, parted by tabs or blanks."
        )
    if len(cells) != width:
        raise DataError(
            f"{path}: line {number} has {len(cells)} columns and line {first_line} has {width}; give all lines as many."
        )
