"""Word vectors, and the nearest words of a word by blocked matrix products."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from potstill.word_vectors import list_words, read_vectors

_BLOCK = 64
"""Words whose neighbours are sought in one matrix product."""

Vector = NDArray[np.float32]


class Vectors:
    """Words with vectors of length 1."""

    def __init__(
        self,
        words: Sequence[str],
        matrix: NDArray[np.float32],
        *,
        compose: Callable[[str], Vector | None] | None = None,
    ) -> None:
        """Take words and their vectors."""
        assert len(words) == len(matrix), (len(words), matrix.shape)
        self._words = tuple(words)
        self._places = {word: place for place, word in enumerate(words)}
        self._matrix = _normalise(matrix)
        self._compose = compose
        self._memo: dict[tuple[str, int], tuple[str, ...]] = {}

    def __len__(self) -> int:
        """Count the words."""
        return len(self._words)

    def neighbours(self, words: Sequence[str], *, count: int) -> list[tuple[str, ...]]:
        """Find the nearest words by cosine; a word's answer is kept, so that it is computed once."""
        unknown = [word for word in dict.fromkeys(words) if (word, count) not in self._memo]
        for start in range(0, len(unknown), _BLOCK):
            self._search(unknown[start : start + _BLOCK], count)
        return [self._memo[word, count] for word in words]

    def _search(self, words: Sequence[str], count: int) -> None:
        import torch  # which only the process that searches waits for; its choice of the largest is 6 times faster

        vectors = [self._vector(word) for word in words]
        found = [vector for vector in vectors if vector is not None]
        if found:
            likeness = np.stack(found) @ self._matrix.T
            own = [self._places.get(word) for word, vector in zip(words, vectors, strict=True) if vector is not None]
            for row, place in enumerate(own):
                if place is not None:
                    likeness[row, place] = -np.inf
            size = min(count, len(self) - 1)
            nearest = iter(torch.from_numpy(likeness).topk(max(0, size), dim=1).indices.tolist())
        for word, vector in zip(words, vectors, strict=True):
            places = next(nearest) if vector is not None else []
            self._memo[word, count] = tuple(sorted(self._words[place] for place in places))

    def _vector(self, word: str) -> Vector | None:
        place = self._places.get(word)
        if place is not None:
            own: Vector = self._matrix[place]
            return own
        composed = self._compose(word) if self._compose is not None else None
        return None if composed is None else _normalise(composed[None])[0]


def read_neighbourhood(source: str, *, limit: int) -> Vectors:
    """Read the first words of a source of vectors, which are the most frequent ones in all common files."""
    vectors = read_vectors(source, wanted=frozenset(list_words(source, count=limit)))
    return Vectors(tuple(vectors), np.stack(list(vectors.values())))


def _normalise(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    scaled: NDArray[np.float32] = (matrix / np.maximum(lengths, 1e-12)).astype(np.float32)
    return scaled
