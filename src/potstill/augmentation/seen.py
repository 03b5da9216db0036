"""Which texts there have been, in eight bytes each."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray


def text_key(texts: Sequence[str]) -> int:
    """Hash a row; rows that differ in blanks alone have one key, so that it does not matter how a text is tokenised.

    Example:
        >>> text_key(["a film ."]) == text_key(["a film."])
        True
    """
    joined = "\t".join(["".join(text.split()) for text in texts])
    return int.from_bytes(blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def text_keys(rows: Iterable[Sequence[str]]) -> NDArray[np.uint64]:
    """Hash rows; see `text_key`."""
    return np.fromiter((text_key(row) for row in rows), dtype=np.uint64)


class SeenTexts:
    """A set of keys that grows by blocks: sorted arrays, each at least twice as long as the next."""

    def __init__(self) -> None:
        """Begin empty."""
        self._blocks: list[NDArray[np.uint64]] = []

    def add(self, keys: NDArray[np.uint64]) -> None:
        """Remember keys; those that are there already may be among them."""
        if not len(keys):
            return
        block = np.unique(keys)
        while self._blocks and len(self._blocks[-1]) < 2 * len(block):
            block = np.union1d(self._blocks.pop(), block)
        self._blocks.append(block)

    def is_new(self, keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Tell which keys are neither remembered nor came earlier among these."""
        new = np.zeros(len(keys), dtype=np.bool_)
        new[np.unique(keys, return_index=True)[1]] = True
        for block in self._blocks:
            places = np.minimum(np.searchsorted(block, keys), len(block) - 1)
            new &= block[places] != keys
        return new
