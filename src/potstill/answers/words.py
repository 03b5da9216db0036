"""The words of texts, as characters: given by whoever tagged them, or found."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from potstill.answers.rows import find_places

_WORD = re.compile(r"[^\W_]+|[^\w\s]|_")
"""Letters and digits together, every other sign alone: as BERT's tokenizers cut, and as spans of characters are cut."""
WORD_COLUMNS = ("tokens", "words")
TAG_COLUMNS = ("tags", "ner_tags", "spans", "entities")
"""What files call the words of a text, and what they say of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a text.

    Attributes:
        text: Its characters.
        label: What it bears; empty where it bears nothing.
    """

    text: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WordSpans:
    """Which characters of its text each word covers, example by example.

    Attributes:
        starts: First character of each word.
        ends: The one behind its last.
        offsets: Example i has the words `offsets[i]:offsets[i + 1]`; int64, shape [examples + 1].
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    offsets: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Check that the offsets end with the words."""
        assert self.offsets[0] == 0, self.offsets[0]
        assert self.offsets[-1] == len(self.starts) == len(self.ends), (self.offsets[-1], len(self.starts))

    def __len__(self) -> int:
        """Count the examples."""
        return len(self.offsets) - 1

    @property
    def counts(self) -> NDArray[np.int64]:
        """Words of each example."""
        return np.diff(self.offsets)

    def spans(self, example: int) -> list[tuple[int, int]]:
        """List start and end of the words of an example."""
        part = slice(self.offsets[example], self.offsets[example + 1])
        return list(zip(self.starts[part].tolist(), self.ends[part].tolist(), strict=True))

    @classmethod
    def of(cls, rows: Sequence[Sequence[tuple[int, int]]]) -> "WordSpans":
        """Take start and end of the words of each example."""
        flat = np.array([span for row in rows for span in row], dtype=np.int64).reshape(-1, 2)
        offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
        return cls(starts=flat[:, 0], ends=flat[:, 1], offsets=offsets)

    @classmethod
    def join(cls, parts: Sequence["WordSpans"]) -> "WordSpans":
        """Put examples one after another."""
        counts = np.concatenate([part.counts for part in parts])
        return cls(
            starts=np.concatenate([part.starts for part in parts]),
            ends=np.concatenate([part.ends for part in parts]),
            offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        )

    def take(self, example_ids: NDArray[np.int64]) -> "WordSpans":
        """Pick examples with all of their words."""
        places = find_places(self.offsets, example_ids)
        offsets = np.concatenate([[0], np.cumsum(self.counts[example_ids])]).astype(np.int64)
        return WordSpans(starts=self.starts[places], ends=self.ends[places], offsets=offsets)


def find_words(texts: Sequence[str]) -> WordSpans:
    """Find the words of texts: letters and digits together, every other sign alone.

    Example:
        >>> find_words(["U.S. wins"]).spans(0)
        [(0, 1), (1, 2), (2, 3), (3, 4), (5, 9)]
    """
    return WordSpans.of([[match.span() for match in _WORD.finditer(text)] for text in texts])


def join_words(rows: Sequence[Sequence[str]]) -> tuple[list[str], WordSpans]:
    """Make texts of words, with a blank between two.

    Args:
        rows: The words of each text.

    Returns:
        The texts, and where their words are.

    Example:
        >>> texts, words = join_words([["New", "York", "!"]])
        >>> texts, words.spans(0)
        (['New York !'], [(0, 3), (4, 8), (9, 10)])
    """
    spans = []
    for row in rows:
        ends = np.cumsum([len(word) + 1 for word in row]) - 1
        spans.append([(end - len(word), end) for word, end in zip(row, ends.tolist(), strict=True)])
    return [" ".join(row) for row in rows], WordSpans.of(spans)


def mark_words(text: str, words: Sequence[str], labelled: Sequence[tuple[int, int, str]]) -> tuple[Piece, ...]:
    """Cut a text, in which the words follow one another, into pieces; some bear a label, from a first to a last word.

    Example:
        >>> pieces = mark_words("Hi, New York!", ["Hi", ",", "New", "York"], [(2, 3, "LOC")])
        >>> [(piece.text, piece.label) for piece in pieces]
        [('Hi, ', ''), ('New York', 'LOC'), ('!', '')]
    """
    starts = [start for start, _ in _find_in(text, words)]
    pieces, done = [], 0
    for first, last, label in labelled:
        start, end = starts[first], starts[last] + len(words[last])
        pieces += [Piece(text=text[done:start], label=""), Piece(text=text[start:end], label=label)]
        done = end
    return tuple(piece for piece in (*pieces, Piece(text=text[done:], label="")) if piece.text)


def find_given_words(texts: Sequence[str], rows: Sequence[Sequence[str]]) -> WordSpans:
    """Find words in texts in which they follow one another.

    Args:
        texts: The texts.
        rows: The words of each.

    Returns:
        Where they are.
    """
    return WordSpans.of([_find_in(text, words) for text, words in zip(texts, rows, strict=True)])


def _find_in(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    spans, place = [], 0
    for word in words:
        start = text.index(word, place)
        place = start + len(word)
        spans.append((start, place))
    return spans
