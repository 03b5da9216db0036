"""Read the TSV files of a known task, in the layout that its benchmark publishes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from potstill.answers import LabelRows
from potstill.data.known_tasks import KnownTask, TaskFile, shipped_tasks
from potstill.data.records import Split, TaskData, task_data
from potstill.data.tables import count_of
from potstill.data.text_files import read_lines
from potstill.errors import DataError


class _Row(NamedTuple):
    """A line of a file: its number, counted from 1, and its cells."""

    number: int
    cells: list[str]


class _Read(NamedTuple):
    """The examples of a file, and how many of its rows are broken."""

    split: Split
    num_left_out: int

    def tell(self) -> str:
        """Say how much was read."""
        broken = [f"{count_of(self.num_left_out, 'broken row')} left out"] if self.num_left_out else []
        return ", ".join([count_of(len(self.split), "row"), *broken])


def read_known_task(name: str, root: Path, *, known: Mapping[str, KnownTask] | None = None) -> TaskData:
    """Read the files of a known task."""
    entry = (known or shipped_tasks())[name]
    folder = _find_folder(name, entry, root)
    main, *others = entry.dev
    tests = {file.name or "": _read_split(folder, file, entry) for file in entry.test if (folder / file.file).is_file()}
    train, dev = _read_split(folder, entry.train, entry), _read_split(folder, main, entry)
    more = {str(file.name): _read_split(folder, file, entry) for file in others}
    read = {entry.train.file: train, main.file: dev, **more}
    data = task_data(
        entry.make_task(name),
        train.split,
        dev.split,
        test=tests[""].split if "" in tests else None,
        other_dev={name: each.split for name, each in more.items()},
        other_test={name: each.split for name, each in tests.items() if name},
    )
    return replace(data, notes=(", ".join(f"{file} ({each.tell()})" for file, each in read.items()),))


def _find_folder(name: str, entry: KnownTask, root: Path) -> Path:
    for folder in (root / entry.folder, root):
        if (folder / entry.train.file).is_file():
            return folder
    raise DataError(
        f"data.path: '{root}' holds no data of task '{name}'; expected {entry.folder}/{entry.train.file} or "
        f"{entry.train.file} inside it."
    )


def _read_split(folder: Path, file: TaskFile, entry: KnownTask) -> _Read:
    path = folder / file.file
    rows, num_left_out = _read_rows(path, file)
    if file.has_header:
        _check_header(rows.pop(0).cells, path, file, entry)
    if not rows:
        raise DataError(f"{path}: the file holds no examples.")
    split = Split(
        texts=[row.cells[file.text] for row in rows],
        pairs=None if file.text_pair is None else [row.cells[file.text_pair] for row in rows],
        labels=None if file.label is None else _read_labels(rows, path, file.label, entry),
    )
    return _Read(split=split, num_left_out=num_left_out)


def _read_rows(path: Path, file: TaskFile) -> tuple[list[_Row], int]:
    """Split lines at tabs; a quotation mark is text and only a line feed ends a line."""
    texts = [column for column in (file.text, file.text_pair) if column is not None]
    columns = [*texts, *([] if file.label is None else [file.label])]
    needed = max(column + 1 if column >= 0 else -column for column in columns)
    rows, num_left_out = [], 0
    for number, line in enumerate(read_lines(path), start=1):
        cells = line.split("\t")
        is_short = len(cells) < needed
        if not is_short and all(cells[column].strip() for column in texts):
            rows.append(_Row(number, cells))
        elif file.skips_broken_rows and number > 1:
            num_left_out += 1
        elif is_short:
            raise DataError(
                f"{path}: line {number} has {len(cells)} tab-separated cells, but the task needs at least {needed}."
            )
        else:
            raise DataError(f"{path}: line {number} has an empty text; mend or remove the line.")
    return rows, num_left_out


def _check_header(header: list[str], path: Path, file: TaskFile, entry: KnownTask) -> None:
    """Refuse a file of another task, whose first line is an example."""
    if file.label is None:
        return
    cell = header[file.label]
    if entry.answer.read_value(cell, entry.values) is not None:
        raise DataError(
            f"{path}: line 1 should name the columns, but holds the label '{cell}'; is it a file of another task?"
        )


def _read_labels(rows: Sequence[_Row], path: Path, column: int, entry: KnownTask) -> LabelRows:
    answer, found = entry.answer, []
    for row in rows:
        value = answer.read_value(row.cells[column], entry.values)
        if value is None:
            raise DataError(f"{path}: line {row.number} has the {answer.unusable(row.cells[column], entry.values)}.")
        found.append(value)
    return answer.pack(found)
