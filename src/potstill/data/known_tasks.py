"""Benchmarks whose folders are known (`tasks.toml`): names, aliases, and the reader of their TSV files."""

import math
import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from pydantic import Field

from potstill.config import Config
from potstill.data.records import LabelArray, Metric, Split, Task, TaskData, TaskKind, task_data
from potstill.data.sources import read_lines
from potstill.errors import DataError

__all__ = [
    "KnownTask",
    "find_known_task",
    "known_task_names",
    "parse_known_tasks",
    "read_known_task",
    "shipped_tasks",
]


class TaskFile(Config):
    """One TSV file and its columns, counted from 0; negative columns count from the end."""

    file: str
    """Name inside the task's folder."""
    name: str | None = None
    """Name of a further development set; left out for the first."""
    has_header: bool = True
    """Whether the first line names the columns."""
    text: int
    """Column of the first (or only) text."""
    text_pair: int | None = None
    """Column of the second text."""
    label: int | None = None
    """Column of the label; left out where the file has none."""


class KnownTask(Config):
    """A task as `tasks.toml` describes it."""

    aliases: tuple[str, ...] = ()
    """Other names, in lower case."""
    folder: str
    """Name of its folder inside the benchmark's root."""
    kind: TaskKind
    """Classes or a score."""
    label_names: tuple[str, ...] = ()
    """Readable names in the order of the label indices; empty for a regression."""
    label_values: tuple[str, ...] = ()
    """What stands in the label column for each name; empty = the names themselves."""
    metrics: tuple[Metric, ...] = Field(min_length=1)
    """What is measured; the first is the primary one."""
    train: TaskFile
    """Examples to learn from."""
    dev: tuple[TaskFile, ...] = Field(min_length=1)
    """Development sets; the first is the main one."""
    test: TaskFile | None = None
    """Test set, mostly without labels."""


def parse_known_tasks(text: str) -> dict[str, KnownTask]:
    """Read the descriptions of known tasks.

    Args:
        text: TOML with one table per task.

    Returns:
        Tasks by name.

    Raises:
        RecipeError: A field is unknown, missing or of the wrong type.
    """
    return {name: KnownTask.parse(table, path=name) for name, table in tomllib.loads(text).items()}


@lru_cache(maxsize=1)
def shipped_tasks() -> Mapping[str, KnownTask]:
    """Read the descriptions of the known tasks that come with Potstill, by name."""
    return parse_known_tasks((files("potstill.data") / "tasks.toml").read_text(encoding="utf-8"))


def known_task_names() -> tuple[str, ...]:
    """List the names of the known tasks, sorted, without aliases."""
    return tuple(sorted(shipped_tasks()))


def find_known_task(name: str) -> str | None:
    """Find a known task by its name or an alias, in any case.

    Args:
        name: What the user wrote.

    Returns:
        The task's own name, or None where no task is called so.

    Example:
        >>> find_known_task("STSB")
        'sts-b'
    """
    wanted = name.strip().casefold()
    return next((own for own, task in shipped_tasks().items() if wanted in (own, *task.aliases)), None)


def read_known_task(name: str, root: Path, *, known: Mapping[str, KnownTask] | None = None) -> TaskData:
    """Read the files of a known task.

    Args:
        name: The task's own name, as `find_known_task` gives it.
        root: The benchmark's folder, or the task's folder inside it.
        known: Tasks by name; the shipped ones where None.

    Returns:
        The task with its train, dev and (if the file is there) test split, as published.

    Raises:
        DataError: A folder or file is missing, a line is too short, a text is empty, or a label is unknown.
    """
    entry = (known or shipped_tasks())[name]
    folder = _find_folder(name, entry, root)
    task = Task(
        name=name,
        kind=entry.kind,
        is_pair=entry.train.text_pair is not None,
        label_names=entry.label_names,
        metrics=entry.metrics,
    )
    main, *others = entry.dev
    test = None
    if entry.test is not None and (folder / entry.test.file).is_file():
        test = _read_split(folder, entry.test, entry)
    return task_data(
        task,
        _read_split(folder, entry.train, entry),
        _read_split(folder, main, entry),
        test=test,
        other_dev={file.name or file.file: _read_split(folder, file, entry) for file in others},
    )


def _find_folder(name: str, entry: KnownTask, root: Path) -> Path:
    for folder in (root / entry.folder, root):
        if (folder / entry.train.file).is_file():
            return folder
    raise DataError(
        f"data.path: '{root}' holds no data of task '{name}'; expected {entry.folder}/{entry.train.file} or "
        f"{entry.train.file} inside it."
    )


def _read_split(folder: Path, file: TaskFile, entry: KnownTask) -> Split:
    path = folder / file.file
    rows = _read_rows(path, [column for column in (file.text, file.text_pair, file.label) if column is not None])
    if file.has_header:
        _check_header(rows.pop(0), path, file, entry)
    if not rows:
        raise DataError(f"{path}: the file holds no examples.")
    texts = [row[file.text] for row in rows]
    pairs = None if file.text_pair is None else [row[file.text_pair] for row in rows]
    for column in (texts, pairs or ()):
        for index, text in enumerate(column):
            if not text.strip():
                raise DataError(f"{_line(path, file, index)} has an empty text; mend or remove the line.")
    labels = None
    if file.label is not None:
        labels = _read_labels([row[file.label] for row in rows], path, file, entry)
    return Split(texts=texts, pairs=pairs, labels=labels)


def _read_rows(path: Path, columns: Sequence[int]) -> list[list[str]]:
    """Split lines at tabs; a quotation mark is text and only a line feed ends a line."""
    rows = [line.split("\t") for line in read_lines(path)]
    needed = max(column + 1 if column >= 0 else -column for column in columns)
    for number, row in enumerate(rows, start=1):
        if len(row) < needed:
            raise DataError(
                f"{path}: line {number} has {len(row)} tab-separated cells, but the task needs at least {needed}."
            )
    return rows


def _check_header(header: list[str], path: Path, file: TaskFile, entry: KnownTask) -> None:
    """Refuse a file of another task, whose first line is an example."""
    if file.label is None:
        return
    cell = header[file.label]
    is_label = _is_number(cell) if entry.kind == "regression" else cell in _values(entry)
    if is_label:
        raise DataError(
            f"{path}: line 1 should name the columns, but holds the label '{cell}'; is it a file of another task?"
        )


def _read_labels(cells: list[str], path: Path, file: TaskFile, entry: KnownTask) -> LabelArray:
    if entry.kind == "regression":
        return np.array([_score(cell, _line(path, file, index)) for index, cell in enumerate(cells)], dtype=np.float32)
    positions = {value: position for position, value in enumerate(_values(entry))}
    try:
        return np.array([positions[cell] for cell in cells], dtype=np.int64)
    except KeyError:
        index = next(index for index, cell in enumerate(cells) if cell not in positions)
        raise DataError(
            f"{_line(path, file, index)} has the label '{cells[index]}'; allowed are {', '.join(positions)}."
        ) from None


def _values(entry: KnownTask) -> tuple[str, ...]:
    return entry.label_values or entry.label_names


def _score(cell: str, where: str) -> float:
    if not _is_number(cell):
        raise DataError(f"{where} has the score '{cell}', which is not a finite number.")
    return float(cell)


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _line(path: Path, file: TaskFile, index: int) -> str:
    return f"{path}: line {index + (2 if file.has_header else 1)}"
