"""Files and hub data sets as tables of columns; nothing is guessed about their types here."""

import csv
import json
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from potstill.errors import DataError, tell_reason

TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".json", ".parquet")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DataTable:
    """Columns of equal length.

    Attributes:
        name: The file or split, as messages call it.
        columns: Cells by column name; a missing cell is None or an empty text.
        class_names: For columns that hold class indices: the names of the classes.
    """

    name: str
    columns: Mapping[str, Sequence[Any]]
    class_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        """Count the rows."""
        return len(next(iter(self.columns.values()), ()))


def read_table(path: Path) -> DataTable:
    """Read a CSV, TSV, JSON Lines, JSON or Parquet file.

    Every cell of CSV and TSV files is text, whatever it looks like. CSV cells may be quoted; in TSV files a
    quotation mark is text, because that is how most of them are written. JSON is a list of objects, or one object
    a line.
    """
    if not path.is_file():
        raise DataError(f"data file '{path}' does not exist; give a file that does.")
    try:
        match path.suffix.lower():
            case ".csv":
                table = _read_delimited(path, delimiter=",", quoting=csv.QUOTE_MINIMAL)
            case ".tsv":
                table = _read_delimited(path, delimiter="\t", quoting=csv.QUOTE_NONE)
            case ".jsonl" | ".json":
                table = _read_json(path)
            case ".parquet":
                table = _read_parquet(path)
            case suffix:
                raise DataError(f"{path}: files of kind '{suffix}' are not read; give {', '.join(TABLE_SUFFIXES)}.")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text ({error.reason} at byte {error.start}); convert the file.") from None
    if len(table) == 0:
        raise DataError(f"{path}: the file holds no examples.")
    return table


def read_lines(path: Path) -> list[str]:
    """Read a text file with one text a line."""
    if not path.is_file():
        raise DataError(f"data file '{path}' does not exist; give a file that does.")
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as file:
            lines = [line.rstrip("\r\n") for line in file]
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text ({error.reason} at byte {error.start}); convert the file.") from None
    if not lines:
        raise DataError(f"{path}: the file holds no examples.")
    return lines


def read_hub_tables(name: str) -> dict[str, DataTable]:
    """Load a data set of the Hugging Face hub, from its cache where it is there."""
    import datasets

    with _quiet_datasets():
        try:
            splits = datasets.load_dataset(name)
        except Exception as error:  # the library raises many kinds, also of its own dependencies
            raise DataError(
                f"data.path: '{name}' is neither a file or folder here nor a data set that could be loaded from the "
                f"Hugging Face hub ({tell_reason(error)})."
            ) from None
    return {split: _table_of(dataset, f"{name}, split {split}") for split, dataset in splits.items()}


def _read_delimited(path: Path, *, delimiter: str, quoting: Literal[0, 3]) -> DataTable:
    with path.open(encoding="utf-8-sig", newline="") as file, _long_cells():
        try:
            rows = list(csv.reader(file, delimiter=delimiter, quoting=quoting, strict=True))
        except csv.Error as error:
            raise DataError(f"{path}: not a readable table ({error}); check its quotation marks.") from None
    while rows and not rows[-1]:
        rows.pop()
    header = [name.strip() for name in rows[0]] if rows else []
    if len(set(header)) < len(header):
        raise DataError(f"{path}: two columns have the same name ({', '.join(header)}); name each differently.")
    for number, row in enumerate(rows[1:], start=1):
        if len(row) != len(header):
            raise DataError(
                f"{path}: row {number} (the header not counted) has {len(row)} cells, but the header names "
                f"{len(header)} columns; quote cells that hold the delimiter."
            )
    return DataTable(
        name=str(path), columns={name: [row[index] for row in rows[1:]] for index, name in enumerate(header)}
    )


@contextmanager
def _long_cells() -> Generator[None, None, None]:
    """Lift the csv module's limit on the length of a cell for a while."""
    before = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _read_json(path: Path) -> DataTable:
    text = path.read_text(encoding="utf-8-sig")
    try:
        if text.lstrip().startswith("["):
            rows = json.loads(text)
        else:
            rows = [json.loads(line) for line in text.split("\n") if line.strip()]
    except json.JSONDecodeError as error:
        raise DataError(f"{path}: not JSON ({error}); expected a list of objects, or one object a line.") from None
    names: dict[str, None] = {}
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise DataError(f"{path}: row {number} is {json.dumps(row)[:60]}, not an object with named fields.")
        names.update(dict.fromkeys(row))
    return DataTable(name=str(path), columns={name: [row.get(name) for row in rows] for name in names})


def _read_parquet(path: Path) -> DataTable:
    import datasets
    import pyarrow
    import pyarrow.parquet

    try:
        return _table_of(datasets.Dataset(pyarrow.parquet.read_table(path)), str(path))
    except pyarrow.ArrowException as error:
        raise DataError(f"{path}: not a readable Parquet file ({str(error).split(chr(10))[0]}).") from None


def _table_of(dataset: Any, name: str) -> DataTable:  # noqa: ANN401 - a datasets.Dataset, which is imported lazily
    import datasets

    features = dataset.features
    return DataTable(
        name=name,
        columns={column: dataset[column] for column in dataset.column_names},
        class_names={
            column: tuple(feature.names)
            for column, feature in features.items()
            if isinstance(feature, datasets.ClassLabel)
        },
    )


@contextmanager
def _quiet_datasets() -> Generator[None, None, None]:
    """Switch off the progress bars of `datasets` for a while."""
    import datasets

    were_off = datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if not were_off:
            datasets.enable_progress_bars()
