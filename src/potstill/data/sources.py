"""Files and hub data sets as tables of columns; nothing is guessed about their types here."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from potstill.data.column_files import read_columns
from potstill.data.delimited_files import read_delimited
from potstill.data.json_files import read_json_table
from potstill.data.tables import TABLE_SUFFIXES, DataTable, table_suffix
from potstill.data.text_files import check_is_file
from potstill.errors import DataError, tell_reason


def read_table(path: Path) -> DataTable:
    """Read a CSV, TSV, JSON Lines, JSON or Parquet file, or one with a word a line; text may be packed by gzip."""
    check_is_file(path)
    match table_suffix(path):
        case ".csv" | ".tsv":
            table = read_delimited(path)
        case ".jsonl" | ".json":
            table = read_json_table(path)
        case ".conll" | ".bio" | ".iob":
            table = read_columns(path)
        case ".parquet" if path.suffix.lower() == ".parquet":
            table = _read_parquet(path)
        case _:
            suffix = path.suffix.lower()
            raise DataError(
                f"{path}: files of kind '{suffix}' are not read; give {', '.join(TABLE_SUFFIXES)}, texts also with .gz."
            )
    if len(table) == 0:
        raise DataError(f"{path}: the file holds no examples.")
    return table


def read_hub_tables(name: str) -> dict[str, DataTable]:
    """Load a data set of the Hugging Face hub, from its cache where it is there."""
    import datasets

    with quiet_datasets():
        try:
            splits = datasets.load_dataset(name)
        except Exception as error:  # the library raises many kinds, also of its own dependencies
            raise DataError(
                f"data.path: '{name}' is neither a file or folder here nor a data set that could be loaded from the "
                f"Hugging Face hub ({tell_reason(error)})."
            ) from None
    return {split: _table_of(dataset, f"{name}, split {split}") for split, dataset in splits.items()}


def read_saved_tables(folder: Path) -> dict[str, DataTable]:
    """Load a data set that `datasets` saved in a folder; one without splits is train."""
    import datasets

    try:
        saved = datasets.load_from_disk(str(folder))
    except Exception as error:  # the library raises many kinds
        raise DataError(f"{folder}: the saved data set cannot be read ({tell_reason(error)}); save it anew.") from None
    splits = saved if isinstance(saved, datasets.DatasetDict) else {"train": saved}
    return {split: _table_of(dataset, f"{folder}, split {split}") for split, dataset in splits.items()}


def _read_parquet(path: Path) -> DataTable:
    import datasets
    import pyarrow
    import pyarrow.parquet

    try:
        return _table_of(datasets.Dataset(pyarrow.parquet.read_table(path)), str(path))
    except pyarrow.ArrowException as error:
        raise DataError(f"{path}: not a readable Parquet file ({tell_reason(error)}).") from None


def _table_of(dataset: Any, name: str) -> DataTable:  # noqa: ANN401 - a datasets.Dataset, which is imported lazily
    import datasets

    features = dataset.features
    return DataTable(
        name=name,
        columns={column: dataset[column] for column in dataset.column_names},
        class_names={
            column: tuple(kind.names)
            for column, feature in features.items()
            if isinstance(kind := getattr(feature, "feature", feature), datasets.ClassLabel)
        },
    )


@contextmanager
def quiet_datasets() -> Generator[None, None, None]:
    """Switch off the progress bars of `datasets` for a while."""
    import datasets

    were_off = datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if not were_off:
            datasets.enable_progress_bars()
