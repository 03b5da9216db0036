"""Spans of characters as a file holds them, and the labels of words that spell them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from potstill.answers.column import LabelColumn
from potstill.answers.entities import OUTSIDE
from potstill.answers.names import label_name, show
from potstill.answers.words import WordSpans, find_words
from potstill.errors import DataError

_LABEL_FIELDS = ("label", "entity_group", "type")
_ADVICE = "write it as {'start': 0, 'end': 5, 'label': 'PER'} or [0, 5, 'PER'], in characters of the text"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSpan:
    """A span as a file has it."""

    start: int
    end: int
    label: str


def read_spans(column: LabelColumn) -> list[list[FileSpan]]:
    """Read the spans of every text, in the order of their characters; those that overlap are refused."""
    rows = []
    if missing := column.missing():
        raise DataError(f"{column.row(missing[0])} has no spans; write [] where there are none, or remove the row.")
    for position, cell in enumerate(column.cells):
        parts = cell.tolist() if isinstance(cell, np.ndarray) else cell
        if not isinstance(parts, list | tuple):
            raise DataError(f"{column.row(position)} has {show(cell)}, which is no list of spans; {_ADVICE}.")
        spans = sorted((_read(part, column, position) for part in parts), key=lambda span: (span.start, span.end))
        for one, other in zip(spans, spans[1:], strict=False):
            if other.start < one.end:
                raise DataError(
                    f"{column.row(position)} has the spans {one.start}-{one.end} ({one.label}) and {other.start}-"
                    f"{other.end} ({other.label}), which overlap; a character has one label at most, so remove one."
                )
        rows.append(spans)
    return rows


def spell_spans(column: LabelColumn) -> list[list[str]]:
    """Give the words of every text labels that spell its spans; one that ends within a word has all of the word."""
    words = find_words(column.texts or ()) if column.words is None else column.words
    return [_spell(spans, words, column, position) for position, spans in enumerate(read_spans(column))]


def read_tags(column: LabelColumn) -> list[list[str]]:
    """Read one label for each word."""
    if not column.holds_lists:
        raise DataError(
            f"{column.place}: {show(next(iter(column.cells), None))} is no list; give a list with one label for "
            "each word, or a list of spans with start, end and label."
        )
    if column.words is None:
        raise DataError(
            f"{column.place} has a label for each word, and the text is not given as words; name a column of lists "
            "of words (data.text, --text)."
        )
    if missing := column.missing():
        raise DataError(f"{column.row(missing[0])} has no labels; mend or remove the row.")
    rows = column.lists()
    for place, (names, number) in enumerate(zip(rows, column.words.counts.tolist(), strict=True)):
        if len(names) != number:
            raise DataError(f"{column.row(place)} has {len(names)} labels for {number} words; mend the row.")
    return rows


def _spell(spans: list[FileSpan], of_texts: WordSpans, column: LabelColumn, position: int) -> list[str]:
    words = np.array(of_texts.spans(position), dtype=np.int64).reshape(-1, 2)
    labels, taken = [OUTSIDE] * len(words), -1
    for span in spans:
        first = int(np.searchsorted(words[:, 1], span.start, side="right"))
        last = int(np.searchsorted(words[:, 0], span.end, side="left")) - 1
        if last < first or first <= taken:
            what = "no word" if last < first else "a word of the span before it"
            raise DataError(
                f"{column.row(position)} has the span {span.start}-{span.end} ({span.label}) over {what}; mend the row."
            )
        labels[first : last + 1] = [f"B-{span.label}", *[f"I-{span.label}"] * (last - first)]
        taken = last
    return labels


def _read(part: Any, column: LabelColumn, position: int) -> FileSpan:  # noqa: ANN401 - a cell of a file
    if isinstance(part, Mapping):
        label = next((part[name] for name in _LABEL_FIELDS if name in part), None)
        start, end = part.get("start"), part.get("end")
    else:
        start, end, label = [*part, None, None, None][:3] if isinstance(part, list | tuple) else (None, None, None)
    name, length = label_name(label), None if column.texts is None else len(column.texts[position])
    if not isinstance(start, int) or not isinstance(end, int) or name is None:
        raise DataError(f"{column.row(position)} has {show(part)}, which is no span; {_ADVICE}.")
    if not 0 <= start < end or (length is not None and end > length):
        raise DataError(
            f"{column.row(position)} has the span {start}-{end} ({name}) in a text of {length} characters; mend it."
        )
    return FileSpan(start=start, end=end, label=name)
