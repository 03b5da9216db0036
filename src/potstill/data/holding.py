"""Unlabelled texts that are held out of those to learn from, to find out when a student can be trusted."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from potstill.data.answer_table import AnswerTable
from potstill.data.records import Split, TaskData

_MOST = 2_000
"""So many are plenty."""
_SHARE = 0.1
_ENOUGH = 5_000
"""Texts of which a tenth may be spared: 500, and fewer hardly promise anything."""
_CHOOSES = 3
"""So many examples of dev, which may have chosen among weights, promise about as much as one that chose nothing."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HashedTexts:
    """Texts with what they are told apart by.

    Attributes:
        split: The texts.
        hashes: See `hash_folded`.
        bands: See `band_texts`.
    """

    split: Split
    hashes: NDArray[np.uint64]
    bands: NDArray[np.uint64]

    def take(self, places: NDArray[np.int64]) -> "HashedTexts":
        """Pick some."""
        return HashedTexts(split=self.split.take(places), hashes=self.hashes[places], bands=self.bands[places])

    def join(self, other: "HashedTexts") -> "HashedTexts":
        """Put others behind them."""
        pairs = None if other.split.pairs is None else [*(self.split.pairs or ()), *other.split.pairs]
        return HashedTexts(
            split=Split(texts=[*self.split.texts, *other.split.texts], pairs=pairs),
            hashes=np.concatenate([self.hashes, other.hashes]),
            bands=np.concatenate([self.bands, other.bands]),
        )


class HoldOut:
    """Parts texts into those to learn from and those held out: a share or, left open, as many as can be spared.

    By their hashes, so that their order does not matter. Left open, those with the smallest hashes, of the texts that
    the teacher answers, are kept back until all are there.
    """

    def __init__(self, share: float | None, *, table: AnswerTable | None, enough: int) -> None:
        """Begin with none; without a share, those that `table` answers, and more than `enough` or none."""
        self._share, self._table, self._enough = share, table, enough
        self._pool: HashedTexts | None = None
        self._keys = np.zeros(0, dtype=np.uint64)
        self._count = 0

    def part(self, some: HashedTexts) -> tuple[HashedTexts, HashedTexts]:
        """Part some more texts; what is not decided yet is in neither part."""
        if self._share is not None:
            is_held = some.hashes / 2.0**64 < self._share
            return some.take(np.flatnonzero(~is_held)), some.take(np.flatnonzero(is_held))
        is_answered = find_answered(some.split, self._table)
        self._count += int(is_answered.sum())
        self._pool = some if self._pool is None else self._pool.join(some)
        self._keys = np.concatenate([self._keys, np.where(is_answered, some.hashes, np.uint64(2**64 - 1))])
        return self._release(_MOST if len(self._keys) > _ENOUGH else len(self._keys)), some.take(np.arange(0))

    def end(self) -> Iterator[tuple[HashedTexts, HashedTexts]]:
        """Part those that were not decided."""
        if self._pool is None:
            return
        count = min(_MOST, int(_SHARE * self._count)) if self._count >= _ENOUGH else 0
        learnt = self._release(count if count > self._enough else 0)
        yield learnt, self._pool

    def _release(self, count: int) -> HashedTexts:
        """Keep the so many texts with the smallest hashes, and give the others."""
        assert self._pool is not None, "there are texts"
        order = np.argsort(self._keys, kind="stable")
        kept, others = np.sort(order[:count]), np.sort(order[count:])
        released, self._pool, self._keys = self._pool.take(others), self._pool.take(kept), self._keys[kept]
        return released


def find_answered(split: Split, table: AnswerTable | None) -> NDArray[np.bool_]:
    """Say which texts a teacher answers: those of its table or, without one, all."""
    return np.full(len(split), True) if table is None else table.holds(split)


def count_measured(data: TaskData, table: AnswerTable | None) -> int:
    """Count the texts at hand that nothing is learnt from and a teacher answers; those of dev count less."""
    counts = [0 if each is None else int(find_answered(each, table).sum()) for each in (data.dev, data.test)]
    return max(counts[0] // _CHOOSES, counts[1])
