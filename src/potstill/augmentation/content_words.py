"""Which words of a text may be replaced, where they stand, and how what replaces them is written."""

from typing import TYPE_CHECKING, TypeAlias

from potstill.augmentation.stop_words import STOP_WORDS
from potstill.augmentation.words import Words

if TYPE_CHECKING:
    from potstill.augmentation.masked_words import Span

Candidates: TypeAlias = dict[int, tuple[str, ...]]
"""Possible words by position."""


def is_replaceable(word: str) -> bool:
    """Say whether a word is a content word: Latin letters without accents alone, and no stop word.

    Example:
        >>> [is_replaceable(word) for word in ("Film", "the", "n't", "1999", "café")]
        [True, False, False, False, False]
    """
    return word.isascii() and word.isalpha() and word.lower() not in STOP_WORDS


def find_spans(source: Words) -> "dict[int, Span]":
    """Give the characters of each content word by its position; the verb of a negation (`ca` + `n't`) is none."""
    spans = {}
    end = 0
    for place, part in enumerate(source.parts):
        if place % 2 and is_replaceable(part) and not _is_negated(source, place):
            spans[place // 2] = (end, end + len(part))
        end += len(part)
    return spans


def _is_negated(source: Words, place: int) -> bool:
    """Say whether the part behind a word is `n't`, which belongs to it."""
    return "".join(source.parts[place + 1 : place + 3]).lower() in ("n't", "n’t")


def with_case(source: Words, candidates: Candidates) -> Candidates:
    """Write candidates as the word that they stand for: with a capital, or in capitals; leave out words without any."""
    words = source.words
    cased: Candidates = {}
    for position, options in candidates.items():
        word = words[position]
        if not options:
            continue
        if len(word) > 1 and word.isupper():
            options = tuple(option.upper() for option in options)
        elif word.istitle():
            options = tuple(option[:1].upper() + option[1:] for option in options)
        cased[position] = options
    return cased
