"""A table of what a teacher said about texts, found again by the text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from potstill.answers import FORMS, Form, LabelColumn, ToldAnswers, list_names
from potstill.data.config import DataConfig
from potstill.data.duplicates import fold_texts, hash_folded
from potstill.data.records import Split, Task
from potstill.data.tables import DataTable
from potstill.data.texts import TextColumns
from potstill.data.unlabeled import UnlabeledSource
from potstill.errors import DataError
from potstill.files import expand_user, fingerprint_files

_TEXT_COLUMNS = ("text", "text_pair")


@dataclass(frozen=True, kw_only=True, eq=False)
class AnswerTable:
    """Answers of a teacher that does not run here.

    Attributes:
        name: What messages call it.
        path: The file.
        logits: One row for each text that is answered, complete, [answers, labels].
        told: Which of them were told; None where all were.
        exact: Hashes of the texts as they stand.
        folded: Hashes of the texts without regard to case, white space and Unicode form.
    """

    name: str
    path: Path
    logits: NDArray[np.float32]
    told: NDArray[np.bool_] | None
    exact: NDArray[np.uint64]
    folded: NDArray[np.uint64]
    _orders: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    _found: dict[Split, NDArray[np.int64]] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Changes with the file."""
        return fingerprint_files([self.path])

    def find(self, split: Split) -> NDArray[np.int64]:
        """Find the answer about each text: as it stands, or else without regard to case, white space and Unicode form.

        Args:
            split: Texts or pairs of texts.

        Returns:
            The place of each one's answer; -1 where there is none.
        """
        if split not in self._found:
            self._found[split] = self._search(split)
        return self._found[split]

    def holds(self, split: Split) -> NDArray[np.bool_]:
        """Say which texts of a split, that is asked about once, have an answer."""
        return self._search(split) >= 0

    def _search(self, split: Split) -> NDArray[np.int64]:
        found = self._look_up("exact", hash_folded(_as_they_stand(split)))
        if (found < 0).any():
            found = np.where(found < 0, self._look_up("folded", hash_folded(fold_texts(split))), found)
        return found

    def answer(self, split: Split) -> NDArray[np.float32] | None:
        """Give what is said about a split, [examples, labels].

        Args:
            split: Texts or pairs of texts.

        Returns:
            Logits; None where any text has no answer.
        """
        found = self.find(split)
        return self.logits[found] if (found >= 0).all() else None

    def _look_up(self, name: str, wanted: NDArray[np.uint64]) -> NDArray[np.int64]:
        known: NDArray[np.uint64] = getattr(self, name)
        order = self._orders.setdefault(name, np.argsort(known, kind="stable"))
        places = order[np.searchsorted(known, wanted, sorter=order).clip(max=len(known) - 1)]
        return np.where(known[places] == wanted, places, -1)


def load_answers(path: str, config: DataConfig, task: Task) -> AnswerTable:
    """Read a table of a teacher's answers.

    Args:
        path: A CSV, TSV, JSONL, JSON or Parquet file with the texts, in the columns of the data or in `text` and
            `text_pair`, and in other columns what was said about them.
        config: Names the columns of the texts.
        task: What is asked.

    Returns:
        The answers, in the order of the task's labels.

    Raises:
        DataError: The file cannot be used, names other labels, or says two things about one text.
    """
    source = find_table(path)
    place = source.path
    assert place is not None
    parts = [_read_part(table, config, task) for table in source.tables()]
    answered = _Part(
        logits=np.concatenate([part.logits for part in parts]),
        exact=np.concatenate([part.exact for part in parts]),
        folded=np.concatenate([part.folded for part in parts]),
        numbers=np.concatenate([part.numbers for part in parts]),
    )
    if len(answered.logits) == 0:
        raise DataError(f"teacher.answers: {place} says nothing about any text; fill its cells.")
    _check_agreement(place, answered)
    told = ~np.isnan(answered.logits)
    return AnswerTable(
        name=place.name,
        path=place,
        logits=task.answer.complete_answers(answered.logits),
        told=None if told.all() else told,
        exact=answered.exact,
        folded=answered.folded,
    )


def find_table(path: str) -> UnlabeledSource:
    """Find a table of answers."""
    place = expand_user(path)
    if not place.is_file():
        raise DataError(f"teacher.answers: '{path}' does not exist; give a file with texts and what the teacher says.")
    return UnlabeledSource(name=str(place), path=place)


class _Part(NamedTuple):
    """Rows that answer: logits, NaN for what is not told of a text, hashes of the texts, and numbers in the file."""

    logits: NDArray[np.float32]
    exact: NDArray[np.uint64]
    folded: NDArray[np.uint64]
    numbers: NDArray[np.int64]


def _read_part(table: DataTable, config: DataConfig, task: Task) -> _Part:
    split, logits = find_texts(table, config, task).read(table), task.answer.read_answers(find_said(table, config))
    is_answered = np.asarray((~np.isnan(logits)).any(axis=1))
    return _Part(
        logits=logits[is_answered],
        exact=hash_folded(_as_they_stand(split))[is_answered],
        folded=hash_folded(fold_texts(split))[is_answered],
        numbers=np.array(table.rows or range(1, len(table) + 1), dtype=np.int64)[is_answered],
    )


def _check_agreement(path: Path, rows: _Part) -> None:
    """Refuse two answers about one text that differ."""
    _, first, which = np.unique(rows.exact, return_index=True, return_inverse=True)
    mates = first[which]
    ours, theirs = rows.logits, rows.logits[mates]
    differ = ~((ours == theirs) | (np.isnan(ours) & np.isnan(theirs))).all(axis=1)
    if differ.any():
        place = int(np.argmax(differ))
        pair = f"rows {rows.numbers[mates[place]]} and {rows.numbers[place]}"
        raise DataError(
            f"{path}: {pair} have the same text and other answers; keep one of them, or write what several "
            "judges say into one cell of a column 'votes'."
        )


def _as_they_stand(split: Split) -> list[str]:
    pairs = split.pairs or [""] * len(split)
    return [f"{text.strip()}\0{pair.strip()}" for text, pair in zip(split.texts, pairs, strict=True)]


def find_texts(table: DataTable, config: DataConfig, task: Task) -> TextColumns:
    """Find the texts in the columns of the data, or in those that `potstill predict --with-text` writes."""
    own = [name if name in table.columns else None for name in (config.text, config.text_pair)]
    return TextColumns(text=own[0], text_pair=own[1], is_pair=task.is_pair)


def find_said(table: DataTable, config: DataConfig) -> ToldAnswers:
    """Choose the columns that say most."""
    for form, (names, prefix) in FORMS.items():
        known = (*names, config.label) if form == "label" else names
        column = next((name for name in known if name in table.columns), None)
        if column is not None:
            cells: Sequence[Any] = table.columns[column][:]
            if form == "label":
                cells = _named(cells, table.class_names.get(column), config)
            return ToldAnswers(form=form, cells=cells, place=f"{table.name}, column '{column}'", rows=table.rows)
        own = [] if prefix is None else [name for name in table.columns if name.startswith(prefix)]
        if own and prefix is not None:
            return _join(table, form, {name.removeprefix(prefix): name for name in own})
    wanted = ", ".join(name for names, _ in FORMS.values() for name in names)
    raise DataError(
        f"teacher.answers: {table.name} has no column that says what the teacher thinks; name one of its columns "
        f"({list_names(list(table.columns))}) {wanted}, or probability_NAME for each label."
    )


def _named(cells: Sequence[Any], class_names: tuple[str, ...] | None, config: DataConfig) -> Sequence[Any]:
    """Write class indices as names, and several labels that stand in one cell as lists."""
    if class_names is not None:
        return [class_names[cell] if isinstance(cell, int) and 0 <= cell < len(class_names) else None for cell in cells]
    if config.label_separator is None:
        return cells
    return [list(names) for names in LabelColumn(cells=cells, place="", separator=config.label_separator).sets()]


def _join(table: DataTable, form: Form, columns: Mapping[str, str]) -> ToldAnswers:
    """Put the columns of single labels together."""
    cells = {label: table.columns[name][:] for label, name in columns.items()}
    rows = [dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)]
    told = [row if any(value not in (None, "") for value in row.values()) else None for row in rows]
    return ToldAnswers(
        form=form, cells=told, place=f"{table.name}, columns {', '.join(columns.values())}", rows=table.rows
    )
