"""Answers about words, found again where a text is cut into words in another way."""

from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from potstill.answers import WordSpans
from potstill.data.records import Split
from potstill.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FoundWords:
    """For each word of a split the word of an answer that says something of it.

    Attributes:
        rows: Its place among the words of all answers.
        is_start: Whether both begin at the same character, or ours before.
        is_end: Whether both end at the same character, or ours behind.
    """

    rows: NDArray[np.int64]
    is_start: NDArray[np.bool_]
    is_end: NDArray[np.bool_]


def count_characters(split: Split) -> WordSpans:
    """Give the words of texts by their characters, of which white space does not count."""
    assert split.words is not None
    before = [[0, *accumulate(not sign.isspace() for sign in text)] for text in split.texts]
    owners = np.repeat(np.arange(len(split)), split.words.counts).tolist()
    starts, ends = (
        np.array([before[owner][place] for owner, place in zip(owners, places.tolist(), strict=True)], dtype=np.int64)
        for places in (split.words.starts, split.words.ends)
    )
    return WordSpans(starts=starts, ends=ends, offsets=split.words.offsets)


def find_words_of(answered: WordSpans, found: NDArray[np.int64], split: Split, *, name: str) -> FoundWords:
    """Find for each word of a split the word of its answer that holds its first character.

    `answered` are the words of the answers, as `count_characters` gives them; `found` is the answer about each text, -1
    where there is none, whose words get those of any. An answer about other characters than its text is refused.
    """
    ours = count_characters(split)
    number = len(ours.starts)
    rows, is_start, is_end = np.zeros(number, dtype=np.int64), np.full(number, True), np.full(number, True)
    for text, place in enumerate(found.tolist()):
        own = slice(ours.offsets[text], ours.offsets[text + 1])
        if place < 0 or own.start == own.stop:
            continue
        their = slice(answered.offsets[place], answered.offsets[place + 1])
        starts, ends = answered.starts[their], answered.ends[their]
        if ends[-1] != ours.ends[own][-1]:
            raise DataError(
                f"teacher.answers: {name} speaks of '{split.texts[text][:60]}' in other characters (such as accents "
                "that are signs of their own), so its words are not those of the data; write it as it stands there."
            )
        near = np.arange(len(starts))
        if not np.array_equal(starts, ours.starts[own]):
            near = np.searchsorted(starts, ours.starts[own], side="right") - 1
        rows[own] = near + their.start
        is_start[own], is_end[own] = ours.starts[own] <= starts[near], ours.ends[own] >= ends[near]
    return FoundWords(rows=rows, is_start=is_start, is_end=is_end)
