"""Texts that are there already: equal but for case, white space and Unicode form, or nearly equal."""

import hashlib
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from potstill.data.records import Split

_SHINGLE = 5
"""Characters of a piece."""
_NEAR = 0.8
"""Share of all their pieces that near texts have in common."""
_BANDS, _ROWS = 16, 4
_SEED = 1
_SAMPLE = 2000
"""Candidates that are compared to tell how many of all are near."""


def fold_texts(split: Split) -> list[str]:
    """Write every example in a form that equal ones share, case, white space and Unicode form apart."""
    pairs = split.pairs or [""] * len(split)
    return [
        f"{_fold(text)}\0{_fold(pair)}" if pair else _fold(text) for text, pair in zip(split.texts, pairs, strict=True)
    ]


def _fold(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def hash_folded(folded: Sequence[str]) -> NDArray[np.uint64]:
    """Hash folded texts to 64 bits: among ten million texts two different ones share a hash once in 400,000 sets."""
    digests = [hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest() for text in folded]
    return np.frombuffer(b"".join(digests), dtype=np.uint64)


class HashSet:
    """Hashes that were seen, 8 bytes each, in sorted runs of which each is more than twice as long as the next."""

    def __init__(self) -> None:
        """Begin with none."""
        self._runs: list[NDArray[np.uint64]] = []

    def holds(self, hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Say which are there."""
        found = np.zeros(len(hashes), dtype=np.bool_)
        for run in self._runs:
            found |= run[np.searchsorted(run, hashes).clip(max=len(run) - 1)] == hashes
        return found

    def add(self, hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Add hashes, and say of which there was none before, among them neither."""
        is_new = np.zeros(len(hashes), dtype=np.bool_)
        is_new[np.unique(hashes, return_index=True)[1]] = True
        is_new &= ~self.holds(hashes)
        if is_new.any():
            self._runs.append(np.sort(hashes[is_new]))
        while len(self._runs) > 1 and len(self._runs[-2]) <= 2 * len(self._runs[-1]):
            self._runs.append(np.sort(np.concatenate([self._runs.pop(), self._runs.pop()]), kind="stable"))
        return is_new


def find_new(split: Split, known: Iterable[Split]) -> NDArray[np.bool_]:
    """Say which examples are not among others, case, white space and Unicode form apart.

    Args:
        split: The examples.
        known: The others.

    Returns:
        One for each example.
    """
    seen = HashSet()
    for each in known:
        seen.add(hash_folded(fold_texts(each)))
    return ~seen.holds(hash_folded(fold_texts(split)))


def band_texts(folded: Sequence[str]) -> NDArray[np.uint64]:
    """Give MinHash bands of folded texts, [texts, 16]; those that share one are candidates for near duplicates.

    Texts of which a share s of all their pieces of 5 characters is common share a band with the probability
    1 - (1 - s^4)^16: 0.9998 for s = 0.8, 0.64 for s = 0.5.

    Paper:
        Broder 1997, doi:10.1109/SEQUEN.1997.666900.
    """
    import rensa

    if not folded:
        return np.zeros((0, _BANDS), dtype=np.uint64)
    pieces, offsets = _hash_pieces(folded)
    matrix = rensa.RMinHash.digest_matrix_from_flat_token_hashes(pieces, offsets, _BANDS * _ROWS, _SEED)
    rows = np.array(matrix.to_rows(), dtype=np.uint64).reshape(len(folded), _BANDS, _ROWS)
    return _mix(rows[:, :, number] for number in range(_ROWS))


def _hash_pieces(folded: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Hash the pieces of all texts, one after another, and say where those of each text begin and end."""
    texts = [text.ljust(_SHINGLE, "\0") for text in folded]
    ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    hashes = _mix(codes[first : len(codes) - _SHINGLE + 1 + first] for first in range(_SHINGLE))
    across = (ends[:-1, None] - np.arange(1, _SHINGLE)).ravel()  # pieces that begin in one text and end in the next
    offsets = np.concatenate([[0], ends - (_SHINGLE - 1) * np.arange(1, len(ends) + 1)])
    return np.delete(hashes, across), offsets.astype(np.uint64)


def _mix(parts: Iterable[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """Hash numbers that belong together (FNV-1a)."""
    mixed = np.full(1, 14695981039346656037, dtype=np.uint64)
    for part in parts:
        mixed = (mixed ^ part) * np.uint64(1099511628211)
    return np.asarray(mixed ^ (mixed >> np.uint64(29)))


def _pieces(folded: str) -> set[str]:
    return {folded[start : start + _SHINGLE] for start in range(max(1, len(folded) - _SHINGLE + 1))}


def are_near(first: str, second: str) -> bool:
    """Say whether folded texts have at least 0.8 of all their pieces of 5 characters in common."""
    ours, theirs = _pieces(first), _pieces(second)
    return len(ours & theirs) >= _NEAR * len(ours | theirs)


class NearTexts:
    """Some texts, few enough for memory, to which others may be near."""

    def __init__(self, folded: Iterable[str]) -> None:
        """Take them, folded."""
        self._folded = list(dict.fromkeys(folded))
        bands = band_texts(self._folded)
        self._orders = [np.argsort(bands[:, band], kind="stable") for band in range(_BANDS)]
        self._sorted = [bands[order, band] for band, order in enumerate(self._orders)]

    def find(self, folded: Sequence[str], bands: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Say which texts are near to any of them."""
        near = np.zeros(len(folded), dtype=np.bool_)
        for band, (order, known) in enumerate(zip(self._orders, self._sorted, strict=True)):
            starts = np.searchsorted(known, bands[:, band], side="left")
            stops = np.searchsorted(known, bands[:, band], side="right")
            for number in np.flatnonzero((stops > starts) & ~near).tolist():
                mates = order[starts[number] : stops[number]].tolist()
                near[number] = any(are_near(folded[number], self._folded[mate]) for mate in mates)
        return near


class NearLog:
    """The bands of texts of any number, in files, until it is counted how many are near to one before."""

    def __init__(self, folder: Path) -> None:
        """Begin with none; the files lie in the folder until they are counted."""
        self._paths = [folder / f"bands-{band}" for band in range(_BANDS)]
        self._length = 0

    def add(self, bands: NDArray[np.uint64]) -> None:
        """Add the bands of further texts."""
        self._length += len(bands)
        for band, path in enumerate(self._paths):
            with path.open("ab") as file:
                file.write(bands[:, band].tobytes())

    def count(self, read: Callable[[NDArray[np.int64]], Iterable[str]]) -> int:
        """Count the texts that are near to one before, of many by a sample, and remove the files.

        `read` gives folded texts by their numbers, in the order in which they were added.
        """
        is_candidate = np.zeros(self._length, dtype=np.bool_)
        for band in range(_BANDS):
            rows, _ = self._mates(band)
            is_candidate[rows] = True
        candidates = np.flatnonzero(is_candidate)
        sample = np.random.default_rng(_SEED).permutation(candidates)[:_SAMPLE]
        is_near = dict.fromkeys(sample.tolist(), False)
        for band in range(_BANDS):
            rows, mates = self._mates(band)
            chosen = np.flatnonzero(np.isin(rows, sample))
            pairs = zip(rows[chosen].tolist(), read(rows[chosen]), read(mates[chosen]), strict=True)
            for row, text, mate in pairs:
                is_near[row] = is_near[row] or are_near(text, mate)
        for path in self._paths:
            path.unlink()
        return round(len(candidates) * sum(is_near.values()) / max(1, len(is_near)))

    def _mates(self, band: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give the texts that share a band with one before, and the first of those."""
        values = np.fromfile(self._paths[band], dtype=np.uint64)
        order = np.argsort(values, kind="stable")
        ordered = values[order]
        is_same = np.concatenate([[False], ordered[1:] == ordered[:-1]]) if len(ordered) else np.zeros(0, np.bool_)
        starts = np.maximum.accumulate(np.where(is_same, 0, np.arange(len(ordered))))
        return order[is_same], order[starts[is_same]]
