"""Columns of equal length, as a file or a split of a data set holds them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".json", ".parquet", ".conll", ".bio", ".iob")
PACKED = ".gz"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DataTable:
    """Columns of equal length.

    Attributes:
        name: The file or split, as messages call it.
        columns: Cells by column name; a missing cell is None or an empty text.
        class_names: For columns that hold class indices: the names of the classes.
        rows: Number of each row in its file, the header not counted; empty = 1, 2, and so on.
        notes: How the file was read where that is not plain, and what was left out, a clause each.
    """

    name: str
    columns: Mapping[str, Sequence[Any]]
    class_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rows: Sequence[int] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Count the rows."""
        return len(next(iter(self.columns.values()), ()))

    def place(self, column: str) -> str:
        """Name a column in a message."""
        return f"{self.name}, column '{column}'"

    def number(self, position: int) -> int:
        """Give the number of a row in its file."""
        return self.rows[position] if self.rows else position + 1

    def take(self, places: Sequence[int], *notes: str) -> "DataTable":
        """Pick rows, which keep their numbers."""
        columns = {name: cells[:] for name, cells in self.columns.items()}
        return DataTable(
            name=self.name,
            columns={name: [cells[place] for place in places] for name, cells in columns.items()},
            class_names=self.class_names,
            rows=[self.number(place) for place in places],
            notes=(*self.notes, *notes),
        )

    def without_blank_rows(self) -> "DataTable":
        """Leave out rows of which every cell is empty, as spreadsheets write them at the end."""
        if not self.rows:
            return self
        kept = [place for place in range(len(self)) if any(map(_is_filled, self._cells(place)))]
        if len(kept) == len(self) or not kept:
            return self
        return self.take(kept, f"{count_of(len(self) - len(kept), 'empty row')} left out")

    def _cells(self, place: int) -> list[Any]:
        return [cells[place] for cells in self.columns.values()]


def table_suffix(path: Path) -> str:
    """Give the ending that tells the format of a file, packed or not."""
    suffix = path.suffix.lower()
    return Path(path.stem).suffix.lower() if suffix == PACKED else suffix


def table_stem(path: Path) -> str:
    """Give the name of a file without the ending that tells its format."""
    return Path(path.stem).stem if path.suffix.lower() == PACKED else path.stem


def join_tables(name: str, tables: Sequence[DataTable]) -> DataTable:
    """Put parts of a split one after another."""
    if len(tables) == 1:
        return tables[0]
    names = dict.fromkeys(name for table in tables for name in table.columns)
    columns = {
        each: [cell for table in tables for cell in table.columns.get(each, [None] * len(table))] for each in names
    }
    return DataTable(name=name, columns=columns, class_names=tables[0].class_names, notes=tables[0].notes)


def count_of(number: int, what: str) -> str:
    """Write a number of things."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _is_filled(cell: Any) -> bool:  # noqa: ANN401 - a cell of a file
    return cell is not None and not (isinstance(cell, str) and not cell.strip())
