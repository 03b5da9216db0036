"""What somebody says about the words of texts, as the cells of a table: spans, labels, numbers; read as logits."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from potstill.answers.column import LabelColumn
from potstill.answers.entities import OUTSIDE, Entities, Spelling
from potstill.answers.names import list_names
from potstill.answers.rows import find_places
from potstill.answers.spans import read_tags, spell_spans
from potstill.answers.told_answers import (
    FLOOR,
    ToldAnswers,
    decode,
    find_label,
    read_classes,
)
from potstill.errors import DataError


def read_told_words(told: ToldAnswers, label_names: tuple[str, ...]) -> NDArray[np.float32]:
    """Read what is said about words as logits, [words, labels]; NaN for those of a text of which nothing is said."""
    words, cells = told.words, [decode(cell) for cell in told.cells]
    if words is None:
        raise DataError(f"{told.place}: this speaks of words, and there are none; give the texts, too.")
    said = np.array([place for place, cell in enumerate(cells) if cell is not None and cell != ""], dtype=np.int64)
    rows = np.full((len(words.starts), len(label_names)), np.nan, dtype=np.float32)
    places = find_places(words.offsets, said)
    if told.form == "label":
        shares = np.eye(len(label_names))[_read_labels(told, [cells[place] for place in said], said, label_names)]
        rows[places] = np.log(np.maximum(shares, FLOOR))
    elif len(said):
        read = [_read_cell(told, place, cells[place], label_names) for place in said.tolist()]
        rows[places] = np.concatenate(read)
    return rows


def _read_cell(told: ToldAnswers, place: int, cell: Any, label_names: Sequence[str]) -> NDArray[np.float32]:  # noqa: ANN401
    """Read what is said about each word of a text."""
    assert told.words is not None
    number = int(told.words.counts[place])
    if not isinstance(cell, list | tuple):
        raise told.refuse(place, "which is no list with an entry for each word")
    if len(cell) != number:
        raise told.refuse(place, f"a list of {len(cell)} for {number} words")
    try:
        rows = [read_classes(told.form, each, label_names) for each in cell]
    except ValueError as error:
        raise told.refuse(place, error) from None
    return np.stack(rows) if rows else np.zeros((0, len(label_names)), dtype=np.float32)


def _read_labels(
    told: ToldAnswers, cells: Sequence[Any], said: NDArray[np.int64], label_names: tuple[str, ...]
) -> NDArray[np.int64]:
    """Read spans, or a label for each word, as labels of the task, in whatever scheme entities are written."""
    assert told.words is not None
    column = LabelColumn(
        cells=cells,
        place=told.place,
        rows=[told.rows[place] if told.rows else place + 1 for place in said.tolist()],
        class_names=told.class_names,
        texts=[told.texts[place] for place in said.tolist()],
        words=told.words.take(said),
    )
    is_empty = all(isinstance(cell, list | tuple) and len(cell) == 0 for cell in cells)
    written = spell_spans(column) if column.holds_spans or is_empty else read_tags(column)
    names = [name for row in written for name in row]
    assert column.words is not None
    owners = np.repeat(np.arange(len(said)), column.words.counts).tolist()
    ours, known = Spelling(label_names), tuple(dict.fromkeys((OUTSIDE, *names)))
    if set(names) <= set(label_names) and (ours.scheme == "words" or Spelling(known).scheme == ours.scheme):
        return np.array([label_names.index(name) for name in names], dtype=np.int64)
    if ours.scheme == "words":
        return np.array([_find(name, label_names, column, owners[row]) for row, name in enumerate(names)])
    return _respell(names, ours, column, owners)


def _respell(names: Sequence[str], ours: Spelling, column: LabelColumn, owners: Sequence[int]) -> NDArray[np.int64]:
    """Write the entities that labels spell by other labels, whose types have the same names."""
    known = tuple(dict.fromkeys((OUTSIDE, *names)))
    theirs = Spelling(known)
    if theirs.is_mixed:
        raise DataError(
            f"{column.place}: some labels say where an entity begins and some do not ({list_names(known)}); write "
            "all of them as B-TYPE and I-TYPE, or none."
        )
    assert column.words is not None
    found = theirs.find(np.array([known.index(name) for name in names], dtype=np.int64), column.words.offsets)
    types = [
        _find(theirs.type_names[each], ours.type_names, column, owners[first])
        for first, each in zip(found.first, found.types, strict=True)
    ]
    entities = Entities(first=found.first, last=found.last, types=np.array(types, dtype=np.int64))
    labels = ours.spell(entities, number=len(names))
    if (labels < 0).any():
        row = int(np.argmin(labels))
        raise DataError(
            f"{column.row(owners[row])} has an entity that the labels of the task cannot spell "
            f"({list_names(ours.label_names)}); name all of them with --labels."
        )
    return labels


def _find(name: str, known: Sequence[str], column: LabelColumn, owner: int) -> int:
    try:
        return find_label(name, known)
    except ValueError as error:
        raise DataError(f"{column.row(owner)} has a word {error}; leave such labels out of the answers.") from None


def recut_rows(
    logits: NDArray[np.float32],
    told: NDArray[np.bool_] | None,
    label_names: tuple[str, ...],
    *,
    is_start: NDArray[np.bool_],
    is_end: NDArray[np.bool_],
) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None]:
    """Give what is said about words to parts of them: what begins an entity begins it at the first part, and so on.

    Args:
        logits: What is said about the word of each part, [parts, labels].
        told: Which of it was told; None where all was.
        label_names: Names of the labels.
        is_start: Whether each part is the first of its word.
        is_end: Whether it is the last.

    Returns:
        The same of the parts. Where a label becomes another one, that has the probability of both.
    """
    from scipy.special import log_softmax

    spelling = Spelling(label_names)
    for first, last in ((True, False), (False, True), (False, False)):
        chosen = np.flatnonzero((is_start == first) & (is_end == last))
        becomes = spelling.recut(is_start=first, is_end=last)
        if len(chosen) == 0 or (becomes == np.arange(len(becomes))).all():
            continue
        shares = np.exp(log_softmax(logits[chosen].astype(np.float64), axis=1)) @ np.eye(len(becomes))[becomes]
        logits[chosen] = np.log(np.maximum(shares, FLOOR))
        if told is not None:
            told[chosen] = (~told[chosen]).astype(np.float64) @ np.eye(len(becomes))[becomes] == 0
    return logits, told
