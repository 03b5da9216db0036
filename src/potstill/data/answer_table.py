"""A table of what a teacher said about texts, found again by the text."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from potstill.answers import WordSpans, find_places, recut_rows
from potstill.data.answer_columns import find_said, find_table, find_texts
from potstill.data.answered_words import count_characters, find_words_of
from potstill.data.config import DataConfig
from potstill.data.duplicates import fold_texts, hash_folded
from potstill.data.records import Split, Task
from potstill.data.tables import DataTable
from potstill.errors import DataError
from potstill.files import fingerprint_files


@dataclass(frozen=True, kw_only=True, eq=False)
class AnswerTable:
    """Answers of a teacher that does not run here.

    Attributes:
        name: What messages call it.
        path: The file.
        label_names: Names of the labels.
        logits: The rows of each text that is answered, complete, [rows, labels].
        told: Which of them were told; None where all were.
        exact: Hashes of the texts as they stand.
        folded: Hashes of the texts without regard to case, white space and Unicode form.
        words: The words that the rows are about, by characters that are no white space; None where a text is a row.
    """

    name: str
    path: Path
    label_names: tuple[str, ...]
    logits: NDArray[np.float32]
    told: NDArray[np.bool_] | None
    exact: NDArray[np.uint64]
    folded: NDArray[np.uint64]
    words: WordSpans | None = None
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
        """Give what is said about a split, [rows, labels].

        Args:
            split: Texts or pairs of texts.

        Returns:
            Logits; None where any text has no answer.
        """
        return self.rows(split)[0] if (self.find(split) >= 0).all() else None

    def rows(self, split: Split) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None]:
        """Give what is said about the rows of a split; where they are words, also about words that are cut otherwise.

        Args:
            split: Texts or pairs of texts.

        Returns:
            Logits, [rows, labels], and which of them were told, None where all were; of a text without an answer
            they mean nothing.
        """
        found = self.find(split)
        near = None if self.words is None else find_words_of(self.words, found, split, name=self.name)
        places = found if near is None else near.rows
        logits, told = self.logits[places], None if self.told is None else self.told[places]
        if near is None:
            return logits, told
        return recut_rows(logits, told, self.label_names, is_start=near.is_start, is_end=near.is_end)

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
    words = [part.words for part in parts if part.words is not None]
    answered = _Part(
        logits=np.concatenate([part.logits for part in parts]),
        exact=np.concatenate([part.exact for part in parts]),
        folded=np.concatenate([part.folded for part in parts]),
        numbers=np.concatenate([part.numbers for part in parts]),
        words=WordSpans.join(words) if words else None,
    )
    if len(answered.logits) == 0:
        raise DataError(f"teacher.answers: {place} says nothing about any text; fill its cells.")
    _check_agreement(place, answered)
    told = ~np.isnan(answered.logits)
    return AnswerTable(
        name=place.name,
        path=place,
        label_names=task.label_names,
        logits=task.answer.complete_answers(answered.logits),
        told=None if told.all() else told,
        exact=answered.exact,
        folded=answered.folded,
        words=answered.words,
    )


class _Part(NamedTuple):
    """Texts that are answered: logits of their rows, NaN for what is not told, hashes, numbers in the file, words."""

    logits: NDArray[np.float32]
    exact: NDArray[np.uint64]
    folded: NDArray[np.uint64]
    numbers: NDArray[np.int64]
    words: WordSpans | None


def _read_part(table: DataTable, config: DataConfig, task: Task) -> _Part:
    split = find_texts(table, config, task).read(table, find_words=task.answer.find_words)
    logits = task.answer.read_answers(find_said(table, config, split))
    owners = np.repeat(np.arange(len(split)), np.diff(split.row_offsets))
    answered = np.unique(owners[(~np.isnan(logits)).any(axis=1)])
    some = split.take(answered)
    return _Part(
        logits=logits[find_places(split.row_offsets, answered)],
        exact=hash_folded(_as_they_stand(some)),
        folded=hash_folded(fold_texts(some)),
        numbers=np.array(table.rows or range(1, len(table) + 1), dtype=np.int64)[answered],
        words=None if some.words is None else count_characters(some),
    )


def _check_agreement(path: Path, rows: _Part) -> None:
    """Refuse two answers about one text that differ."""
    _, first, which = np.unique(rows.exact, return_index=True, return_inverse=True)
    mates = first[which]
    offsets = np.arange(len(mates) + 1) if rows.words is None else rows.words.offsets
    for place in np.flatnonzero(mates != np.arange(len(mates))).tolist():
        ours, theirs = (rows.logits[offsets[each] : offsets[each + 1]] for each in (place, mates[place]))
        if np.array_equal(ours, theirs, equal_nan=True):
            continue
        pair = f"rows {rows.numbers[mates[place]]} and {rows.numbers[place]}"
        raise DataError(
            f"{path}: {pair} have the same text and other answers; keep one of them, or write what several "
            "judges say into one cell of a column 'votes'."
        )


def _as_they_stand(split: Split) -> list[str]:
    pairs = split.pairs or [""] * len(split)
    return [f"{text.strip()}\0{pair.strip()}" for text, pair in zip(split.texts, pairs, strict=True)]
