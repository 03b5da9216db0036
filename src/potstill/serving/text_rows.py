"""Rows of one text or two, as they are given to a model that answers."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TypeAlias

from potstill.answers import show
from potstill.errors import DataError

Texts: TypeAlias = Iterable[str | None]
"""Texts, of which some may be missing."""
Row: TypeAlias = tuple[str | None, ...]
"""A text, or a pair of them."""


def cut_rows(texts: Iterable[Any], pairs: Iterable[Any] | None, size: int) -> Iterator[list[Row]]:
    """Put texts, or pairs of them, together as they come, and refuse what is no text."""
    both = ((text,) for text in texts) if pairs is None else zip(texts, pairs, strict=True)
    rows = (_check(number, row) for number, row in enumerate(both, start=1))
    while some := list(islice(rows, size)):
        yield some


def _check(number: int, row: tuple[Any, ...]) -> Row:
    for text in row:
        if text is not None and not isinstance(text, str):
            raise DataError(f"text {number} is {show(text)}, which is not a text; write it as one, or leave it out.")
    return row


def is_filled(row: Row) -> bool:
    """Whether there is something to read in a text, and in both of a pair."""
    return all(text is not None and text.strip() for text in row)
