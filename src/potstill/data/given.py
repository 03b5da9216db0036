"""Data that a program has in memory, kept as files: all that comes after reads files."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

from potstill.data.sources import quiet_datasets
from potstill.errors import DataError
from potstill.files import expand_user, is_whole, whole_folder

Given: TypeAlias = object
"""Where data are: the name of a file, folder or data set, a `pathlib.Path`; or the data themselves: a list of
`(text, label)`, a list of dicts, a dict of columns, a DataFrame, a `datasets.Dataset`; or several of these by the name
of their split, as in a `datasets.DatasetDict`."""
_Columns: TypeAlias = dict[str, list[Any]]

_PAIR = ("text", "label")
_FORMS = (
    "a path, a list of (text, label), a list of dicts, a dict of columns, a DataFrame, a datasets.Dataset, or a dict "
    "of these by split"
)


def keep_data(given: Given, folder: Path, *, split: str = "train") -> str | None:
    """Give the name that data have, or a file of them.

    Args:
        given: The data.
        folder: Keeps what is in memory, under a name that says its content.
        split: What a single table is.

    Returns:
        The name as it was, or a Parquet file, or a folder with one for each split; None where nothing was given.

    Raises:
        DataError: This is no data, or its columns cannot be kept.
    """
    if given is None:
        return None
    if isinstance(given, str | os.PathLike):
        return os.fspath(given)
    splits = given if isinstance(given, Mapping) and _are_splits(given) else None
    tables = {str(name): _read(table) for name, table in (splits or {split: given}).items()}
    place = _keep(tables, folder)
    return str(place if splits is not None else place / f"{split}.parquet")


def keep_texts(given: Given, folder: Path, *, column: str | None) -> tuple[str, ...]:
    """Give the names of texts without labels, or files of them.

    Args:
        given: As for `keep_data`, or a list of texts, or a list of all these. A list of strings is one of texts where
            any of them has a space and is no file; else it is one of names.
        folder: As for `keep_data`.
        column: What a list of texts is called as a column.

    Returns:
        The names.

    Raises:
        DataError: As for `keep_data`.
    """
    if given is None:
        return ()
    if not isinstance(given, list | tuple):
        return tuple(name for name in [keep_data(given, folder)] if name is not None)
    words = [each for each in given if isinstance(each, str)]
    if len(words) == len(given) and any(" " in each and not expand_user(each).exists() for each in words):
        return (str(_keep({"train": {column or "text": words}}, folder) / "train.parquet"),)
    several = [given] if _has_rows(given) else given
    return tuple(chain.from_iterable(_keep_one(each, folder) for each in several))


def _keep_one(given: Given, folder: Path) -> tuple[str, ...]:
    name = keep_data(given, folder)
    return () if name is None else (name,)


def _keep(tables: Mapping[str, _Columns | Any], folder: Path) -> Path:
    """Write tables under a name that says their content, once; give the folder of their files."""
    total = hashlib.sha256()
    datasets = {name: _to_dataset(name, table) for name, table in tables.items()}
    for name, dataset in datasets.items():
        total.update(f"{name}\0{dataset.features}\0".encode())
        for column in dataset.column_names:
            total.update(json.dumps([column, dataset[column][:]], default=str).encode())
    place = folder / total.hexdigest()[:16]
    if not is_whole(place):
        with whole_folder(place) as aside:
            (aside / "data").mkdir()
            with quiet_datasets():
                for name, dataset in datasets.items():
                    dataset.to_parquet(aside / "data" / f"{name}.parquet")
    return place / "data"


def _to_dataset(name: str, table: _Columns | Any) -> Any:  # noqa: ANN401 - of `datasets`, which is imported lazily
    import datasets
    import pyarrow

    if not isinstance(table, dict):
        return table
    if len({len(cells) for cells in table.values()}) > 1 or not any(table.values()):
        told = ", ".join(f"{column} {len(cells)}" for column, cells in table.items()) or "none"
        raise DataError(f"data: the columns of '{name}' must be equally long and not empty; there are {told}.")
    columns = {}
    for column, cells in table.items():
        try:
            columns[column] = pyarrow.array(cells, from_pandas=True)
        except (pyarrow.ArrowException, OverflowError) as error:
            reason = str(error).split("\n")[0]
            raise DataError(
                f"data: column '{column}' holds values of several kinds ({reason}); give it values of one kind."
            ) from None
    return datasets.Dataset(pyarrow.table(columns))


def _read(given: Given) -> _Columns | Any:  # noqa: ANN401 - of `datasets`, which is imported lazily
    """Take a table as columns, or a `datasets.Dataset` as it is."""
    if hasattr(given, "column_names") and hasattr(given, "to_parquet"):
        return given
    if hasattr(given, "columns") and hasattr(given, "to_dict"):
        return {str(name): _plain(given[name]) for name in given.columns}  # type: ignore[index]
    if isinstance(given, Mapping):
        return {str(name): _plain(cells) for name, cells in given.items()}
    if isinstance(given, Sequence) and given and all(isinstance(row, Mapping) for row in given):
        names = dict.fromkeys(name for row in given for name in row)
        return {str(name): [_item(row.get(name)) for row in given] for name in names}
    if isinstance(given, Sequence) and given and all(_is_pair(row) for row in given):
        return {name: [_item(row[place]) for row in given] for place, name in enumerate(_PAIR)}
    if isinstance(given, Sequence) and given and all(isinstance(row, str) for row in given):
        raise DataError(
            "data: a list of texts has no labels; give a list of (text, label) or, where nobody knows any, of "
            "{'text': text} with overrides={'data.missing_labels': 'unlabeled'}."
        )
    what = f"a {type(given).__name__}" if not isinstance(given, Sequence) or given else "an empty list"
    raise DataError(f"data: {what} cannot be read as examples; give {_FORMS}.")


def _are_splits(given: Mapping[Any, Any]) -> bool:
    """Whether a mapping has tables by split, and not columns by name."""
    has_pairs = "train" in given and all(isinstance(rows, list) and all(map(_is_pair, rows)) for rows in given.values())
    return bool(given) and (has_pairs or all(map(_is_table, given.values())))


def _is_table(given: Given) -> bool:
    """Whether this is rows or columns, and not one column."""
    has_columns = any(hasattr(given, name) for name in ("column_names", "columns")) or isinstance(given, Mapping)
    return has_columns or _has_rows(given)


def _has_rows(given: Given) -> bool:
    return isinstance(given, list | tuple) and bool(given) and all(isinstance(row, Mapping | tuple) for row in given)


def _is_pair(row: object) -> bool:
    return isinstance(row, list | tuple) and len(row) == len(_PAIR)


def _plain(cells: Any) -> list[Any]:  # noqa: ANN401 - a column of any library
    if isinstance(cells, str) or not hasattr(cells, "__iter__"):
        raise DataError(f"data: a column is {cells!r:.60}, which is no list of values; give {_FORMS}.")
    return [_item(cell) for cell in (cells.tolist() if hasattr(cells, "tolist") else cells)]


def _item(cell: Any) -> Any:  # noqa: ANN401 - a cell of any library
    """Take a value out of numpy and pandas; what they have for nothing is None."""
    value = cell.item() if hasattr(cell, "item") and getattr(cell, "ndim", 0) == 0 else cell
    return None if type(value).__name__ in ("NAType", "NaTType") or value != value else value
