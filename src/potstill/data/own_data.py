"""Data of one's own: resolve its columns and read its labels."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from potstill.answers import LabelColumn, LabelRows, are_numbers, choose_answer, find_doubts
from potstill.data.config import DataConfig
from potstill.data.own_tables import find_tables
from potstill.data.records import Split, Task, TaskData, task_data
from potstill.data.sources import DataTable, read_lines, read_table
from potstill.data.splitting import split_off_dev
from potstill.errors import DataError, did_you_mean
from potstill.files import expand_user

_TEXT_COLUMNS = ("text", "sentence")
_LABEL_COLUMNS = ("label",)
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """Which column plays which part."""

    text: str
    text_pair: str | None
    label: str
    separator: str | None
    known: tuple[str, ...]


def load_own_data(config: DataConfig, *, is_learnt: bool = True) -> TaskData:
    """Load data that is no known task."""
    assert config.path is not None
    tables = find_tables(config.path, dev=config.dev, test=config.test)
    if tables.dev is not None:
        _refuse_idle_fields(config, tables.dev)
    columns = _resolve(tables.train, config)
    task = _make_task(config, tables.train, columns, fewest=2 if is_learnt else 1)
    train = _make_split(tables.train, columns, task.answer.encode(_labels(tables.train, columns)))
    if tables.dev is None:
        train, dev = split_off_dev(
            train, task.answer, fraction=config.dev_fraction, seed=config.split_seed, where=tables.train.name
        )
    else:
        dev = _make_split(tables.dev, columns, task.answer.encode(_labels(tables.dev, columns)))
    test = _make_test(tables.test, columns, task)
    if config.test is not None and (test is None or test.labels is None):
        raise DataError(f"data.test: '{config.test}' has no labels, so nothing can be measured on it; leave it out.")
    return replace(task_data(task, train, dev, test=test), notes=tuple(find_doubts(task.label_names)))


def read_texts(path: Path, *, text: str | None = None, text_pair: str | None = None) -> Split:
    """Read texts to predict on.

    Args:
        path: A CSV, TSV, JSONL, JSON or Parquet file, or a .txt file with one text a line.
        text: Column of the (first) text; None = the column `text`, or else `sentence`.
        text_pair: Column of the second text; None = one text per example.

    Returns:
        The texts in the order of the file, without labels.

    Raises:
        DataError: The file or a column cannot be used, or a text is empty.
    """
    if path.suffix.lower() == ".txt":
        if text is not None or text_pair is not None:
            raise DataError(f"{path}: a .txt file has no columns; leave the column '{text or text_pair}' out.")
        return Split(texts=_text_cells(DataTable(name=str(path), columns={"text": read_lines(path)}), "text"))
    table = read_table(path)
    first = _column(table, text, _TEXT_COLUMNS, "text")
    second = None if text_pair is None else _column(table, text_pair, (), "text_pair")
    return Split(texts=_text_cells(table, first), pairs=None if second is None else _text_cells(table, second))


def _refuse_idle_fields(config: DataConfig, dev: DataTable) -> None:
    """Refuse what only steers a split into train and dev where there is none to make."""
    draws = config.limit is not None or config.select_on == "train"
    idle = ["dev_fraction"] if draws else ["dev_fraction", "split_seed"]
    for name in idle:
        value = getattr(config, name)
        if value != DataConfig.model_fields[name].default:
            raise DataError(f"data.{name}: {value} has no effect, as {dev.name} is the development set; leave it out.")


def _resolve(table: DataTable, config: DataConfig) -> _Columns:
    columns = _Columns(
        text=_column(table, config.text, _TEXT_COLUMNS, "text"),
        text_pair=None if config.text_pair is None else _column(table, config.text_pair, (), "text_pair"),
        label=_column(table, config.label, _LABEL_COLUMNS, "label"),
        separator=config.label_separator,
        known=config.labels,
    )
    used = [columns.text, columns.text_pair, columns.label]
    if len(set(used)) < len(used):
        raise DataError(
            f"{table.name}: one column is used twice (text {used[0]}, text_pair {used[1]}, label {used[2]})."
        )
    return columns


def _column(table: DataTable, name: str | None, defaults: Sequence[str], part: str) -> str:
    """Find the column that plays a part, by the user's name for it or by a default."""
    if name is not None:
        if name in table.columns:
            return name
        raise DataError(f"data.{part}: {table.name} has no column '{name}'.{did_you_mean(name, table.columns)}")
    for default in defaults:
        if default in table.columns:
            return default
    raise DataError(
        f"data.{part}: {table.name} has no column '{' or '.join(defaults)}'; set data.{part} to one of its columns: "
        f"{', '.join(table.columns)}."
    )


def _make_task(config: DataConfig, table: DataTable, columns: _Columns, *, fewest: int) -> Task:
    column = _labels(table, columns)
    is_told = config.kind != "auto" or bool(column.class_names or column.known)
    column = replace(column, is_told=is_told, fewest=fewest)
    answer = choose_answer(config.kind, column).learn(column)
    assert config.path is not None
    return Task(
        name=_task_name(expand_user(config.path)),
        answer=answer,
        is_pair=columns.text_pair is not None,
        metrics=answer.choose_metrics(config.metrics, path="data.metrics"),
        has_agreed_order=bool(column.class_names) or are_numbers(answer.label_names),
        model_labels=column.known,
    )


def _task_name(path: Path) -> str:
    if not path.is_file():
        return path.resolve().name if path.is_dir() else path.name
    return path.resolve().parent.name if path.stem in ("train", "data") else path.stem


def _make_split(table: DataTable, columns: _Columns, labels: LabelRows | None) -> Split:
    text = _column(table, columns.text, (), "text")
    pair = None if columns.text_pair is None else _column(table, columns.text_pair, (), "text_pair")
    return Split(
        texts=_text_cells(table, text), pairs=None if pair is None else _text_cells(table, pair), labels=labels
    )


def _make_test(table: DataTable | None, columns: _Columns, task: Task) -> Split | None:
    """Make the test split; its labels may be absent as a whole, but not in part."""
    if table is None:
        return None
    if columns.label not in table.columns:
        return _make_split(table, columns, None)
    labels = _labels(table, columns)
    return _make_split(table, columns, task.answer.encode(labels) if task.answer.is_labelled(labels) else None)


def _labels(table: DataTable, columns: _Columns) -> LabelColumn:
    label = _column(table, columns.label, (), "label")
    return LabelColumn(
        cells=table.columns[label][:],
        place=_place(table, label),
        class_names=table.class_names.get(label),
        known=columns.known,
        separator=columns.separator,
    )


def _text_cells(table: DataTable, column: str) -> list[str]:
    cells = list(table.columns[column][:])
    for row, cell in enumerate(cells, start=1):
        if not isinstance(cell, str) or not cell.strip():
            found = "an empty text" if cell is None or isinstance(cell, str) else f"{cell!r}, which is not a text"
            raise DataError(f"{_place(table, column)}: row {row} has {found}; mend or remove the row.")
        if not cell.isascii() and _HALF_CHARACTER.search(cell):
            raise DataError(f"{_place(table, column)}: row {row} has half of a character; mend or remove the row.")
    return cells


def _place(table: DataTable, column: str) -> str:
    return f"{table.name}, column '{column}'"
