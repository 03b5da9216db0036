"""Splits one after another, whose texts stay where they are."""

from collections.abc import Sequence
from typing import overload

import numpy as np

from potstill.answers import LabelRows, WordSpans
from potstill.data.records import Split


class JoinedTexts(Sequence[str]):
    """Texts of several sequences, one after another; those that lie in files stay there."""

    def __init__(self, parts: Sequence[Sequence[str]]) -> None:
        """Take the parts."""
        self._parts = [part for part in parts if len(part)]
        self._starts = np.cumsum([0, *map(len, self._parts)])

    def __len__(self) -> int:
        """Count the texts."""
        return int(self._starts[-1])

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        """Give one text, or those of a slice."""
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            near = zip(self._parts, self._starts[:-1].tolist(), strict=True)
            found = [text for part, first in near for text in part[max(0, start - first) : max(0, stop - first)]]
            return found[::step]
        place = range(len(self))[index]
        number = int(np.searchsorted(self._starts, place, side="right")) - 1
        return self._parts[number][place - int(self._starts[number])]


def join_splits(splits: Sequence[Split]) -> Split:
    """Put splits one after another; where some have labels, an example without has no row of them."""
    known = [split.labels for split in splits if split.labels is not None]
    counts = [np.zeros(len(each), np.int64) if each.labels is None else np.diff(each.labels.offsets) for each in splits]
    offsets = np.concatenate([[0], *counts]).cumsum()
    pairs = [split.pairs for split in splits if split.pairs is not None]
    words = [split.words for split in splits if split.words is not None]
    return Split(
        texts=JoinedTexts([split.texts for split in splits]),
        pairs=JoinedTexts(pairs) if pairs else None,
        words=WordSpans.join(words) if words else None,
        labels=LabelRows(values=np.concatenate([each.values for each in known]), offsets=offsets) if known else None,
    )
