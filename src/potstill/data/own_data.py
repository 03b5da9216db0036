"""Data of one's own: resolve its columns and read its labels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from potstill.answers import (
    ANSWERS,
    TAG_COLUMNS,
    LabelColumn,
    LabelRows,
    answer_of_labels,
    are_numbers,
    choose_answer,
    find_answer,
    find_doubts,
    list_names,
)
from potstill.data.config import DataConfig
from potstill.data.own_tables import SplitTables, find_tables
from potstill.data.records import Split, Task, TaskData, task_data
from potstill.data.splitting import split_off_dev
from potstill.data.tables import DataTable, count_of, table_stem
from potstill.data.texts import TextColumns, find_column, find_text, read_split, text_cells
from potstill.data.word_cells import find_word_columns, read_words
from potstill.errors import DataError
from potstill.files import expand_user

_LABEL_COLUMNS = ("label",)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """Which column plays which part."""

    text: str
    text_pair: str | None
    label: str
    separator: str | None
    known: tuple[str, ...]


def load_own_data(config: DataConfig, label_names: Sequence[str] = (), *, is_learnt: bool = True) -> TaskData:
    """Load data that is no known task; where no example has a label, those of a teacher say what is asked."""
    assert config.path is not None
    tables = find_tables(config.path, dev=config.dev, test=config.test).without_blank_rows()
    if tables.dev is not None:
        _refuse_idle_fields(config, tables.dev)
    if config.missing_labels == "unlabeled" and not _has_labels(tables.train, config):
        return _load_bare(config, tables, config.labels or tuple(label_names))
    columns = _resolve(tables.train, config)
    labelled, bare = _part(tables.train, columns, config)
    task = _make_task(config, labelled, columns, fewest=2 if is_learnt else 1)
    train = _make_split(labelled, columns, task, is_labelled=True)
    assert train.labels is not None
    notes = [*tables.notes, f"labels: {list_names(task.label_names)}", *task.answer.describe(train.labels)]
    notes += find_doubts(task.label_names)
    if tables.dev is None:
        train, dev = split_off_dev(
            train, task.answer, fraction=config.dev_fraction, seed=config.split_seed, where=tables.train.name
        )
        notes.append(f"{len(dev):,} of {count_of(len(labelled), 'example')} split off as dev")
    else:
        dev = _make_split(tables.dev, columns, task, is_labelled=True)
    test = _make_test(tables.test, columns, task)
    if config.test is not None and (test is None or test.labels is None):
        raise DataError(f"data.test: '{config.test}' has no labels, so nothing can be measured on it; leave it out.")
    unlabeled = None if bare is None else _make_split(bare, columns, task, is_labelled=False)
    return replace(task_data(task, train, dev, test=test), unlabeled=unlabeled, notes=tuple(notes))


def _has_labels(table: DataTable, config: DataConfig) -> bool:
    column = config.label or next((name for name in (*_LABEL_COLUMNS, *TAG_COLUMNS) if name in table.columns), None)
    cells = () if column is None else table.columns[find_column(table, column, (), "label")][:]
    return len(LabelColumn(cells=cells, place="").missing()) < len(cells)


def _load_bare(config: DataConfig, tables: SplitTables, label_names: tuple[str, ...]) -> TaskData:
    """Load examples of which none has a label."""
    if config.kind == "auto" and not label_names:
        scores = next(each.kind for each in ANSWERS if each.is_number)
        raise DataError(
            f"data.labels (--labels): {tables.train.name} has no labels, and nothing says which ones there are; name "
            f"them, or set data.kind = '{scores}' for scores."
        )
    answer = answer_of_labels(label_names, has_independent_labels=False)
    if config.kind != "auto":
        answer = find_answer(config.kind)(label_names=label_names)
    assert config.path is not None
    task = Task(
        name=_task_name(expand_user(config.path)),
        answer=answer,
        is_pair=config.text_pair is not None,
        metrics=answer.choose_metrics(config.metrics, path="data.metrics"),
    )

    def read(table: DataTable) -> Split:
        columns = TextColumns(text=config.text, text_pair=config.text_pair, is_pair=task.is_pair)
        texts = columns.read(table, may_be_empty=False, find_words=answer.find_words)
        none = LabelRows(values=answer.pack([]).values, offsets=np.zeros(len(texts) + 1, dtype=np.int64))
        return replace(texts, labels=none)

    train, notes = read(tables.train), [*tables.notes, f"no labels; asked for: {list_names(label_names) or 'scores'}"]
    dev, test = (_read_gold(table, config, task) for table in (tables.dev, tables.test))
    if test is not None and dev is None:
        raise DataError(
            f"data.test (--test): {tables.test and tables.test.name} has labels and the examples to choose weights on "
            "have none, so that figures of one run would mean two things; give labelled ones with --dev too, or leave "
            "it out and measure it afterwards with 'potstill evaluate'."
        )
    if tables.dev is not None:
        return replace(task_data(task, train, dev or read(tables.dev), test=test), notes=tuple(notes))
    fraction, seed, total = config.dev_fraction, config.split_seed, count_of(len(train), "example")
    train, dev = split_off_dev(train, answer, fraction=fraction, seed=seed, where=tables.train.name)
    return replace(task_data(task, train, dev), notes=(*notes, f"{len(dev):,} of {total} split off as dev"))


def _read_gold(table: DataTable | None, config: DataConfig, task: Task) -> Split | None:
    """Read a split that has labels though the examples to learn from have none; None where it has none either."""
    if table is None or not _has_labels(table, config):
        return None
    return _make_split(table, _resolve(table, config), task, is_labelled=True)


def _part(table: DataTable, columns: _Columns, config: DataConfig) -> tuple[DataTable, DataTable | None]:
    """Part the training rows with a label from those without, where these may be learnt from."""
    missing = [] if config.missing_labels == "refuse" else _labels(table, columns).missing()
    if not missing:
        return table, None
    is_missing = frozenset(missing)
    return table.take([place for place in range(len(table)) if place not in is_missing]), table.take(missing)


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
        text=find_text(table, config.text),
        text_pair=None if config.text_pair is None else find_column(table, config.text_pair, (), "text_pair"),
        label=find_column(table, config.label or find_word_columns(table)[1], _LABEL_COLUMNS, "label"),
        separator=config.label_separator,
        known=config.labels,
    )
    used = [columns.text, columns.text_pair, columns.label]
    if len(set(used)) < len(used):
        raise DataError(
            f"{table.name}: one column is used twice (text {used[0]}, text_pair {used[1]}, label {used[2]})."
        )
    return columns


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
    return path.resolve().parent.name if table_stem(path) in ("train", "data") else table_stem(path)


def _make_split(table: DataTable, columns: _Columns, task: Task, *, is_labelled: bool) -> Split:
    text = find_column(table, columns.text, (), "text")
    pair = None if columns.text_pair is None else find_column(table, columns.text_pair, (), "text_pair")
    split = read_split(table, text, pair, find_words=task.answer.find_words)
    return replace(split, labels=task.answer.encode(_labels(table, columns))) if is_labelled else split


def _make_test(table: DataTable | None, columns: _Columns, task: Task) -> Split | None:
    """Make the test split; its labels may be absent as a whole, but not in part."""
    if table is None:
        return None
    if columns.label not in table.columns:
        return _make_split(table, columns, task, is_labelled=False)
    return _make_split(table, columns, task, is_labelled=task.answer.is_labelled(_labels(table, columns)))


def _labels(table: DataTable, columns: _Columns) -> LabelColumn:
    label, given = find_column(table, columns.label, (), "label"), read_words(table, columns.text)
    column = LabelColumn(
        cells=table.columns[label][:],
        place=table.place(label),
        rows=table.rows,
        class_names=table.class_names.get(label),
        known=columns.known,
        separator=columns.separator,
        texts=None if given is None else given[0],
        words=None if given is None else given[1],
    )
    return replace(column, texts=text_cells(table, columns.text)) if given is None and column.holds_spans else column
