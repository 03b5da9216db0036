"""Gold labels as rows: a text has one, or as many as it has words; one whose label is not known has none."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

LabelArray: TypeAlias = NDArray[np.int64] | NDArray[np.float32]
"""Class indices (int64) or scores (float32), [rows]; where a row may have several labels, 1 for those that it has and
else 0 (float32), [rows, labels]."""


def find_places(offsets: NDArray[np.int64], example_ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Find the rows of some examples.

    Args:
        offsets: Example i has the rows `offsets[i]:offsets[i + 1]`.
        example_ids: Which examples, in the order wanted.

    Returns:
        The places of their rows, example by example.
    """
    counts = np.diff(offsets)[example_ids]
    before = np.repeat(np.cumsum(counts) - counts, counts)
    return np.asarray(np.repeat(offsets[example_ids], counts) + np.arange(counts.sum()) - before)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelRows:
    """The gold labels of many examples, one after another.

    Attributes:
        values: The labels of all rows.
        offsets: Example i has the rows `offsets[i]:offsets[i + 1]`, none where its label is not known; int64, shape
            [examples + 1].
    """

    values: LabelArray
    offsets: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Check that the offsets end with the rows."""
        assert self.offsets[0] == 0, self.offsets[0]
        assert self.offsets[-1] == len(self.values), (self.offsets[-1], len(self.values))

    @classmethod
    def one_each(cls, values: LabelArray) -> "LabelRows":
        """Give every example one row.

        Args:
            values: As `LabelArray` says; a row is an example.

        Returns:
            The record.
        """
        return cls(values=values, offsets=np.arange(len(values) + 1, dtype=np.int64))

    def __len__(self) -> int:
        """Count the examples."""
        return len(self.offsets) - 1

    @property
    def is_one_each(self) -> bool:
        """Whether every example has exactly one row."""
        return len(self.values) == len(self) and bool((np.diff(self.offsets) == 1).all())

    @property
    def owners(self) -> NDArray[np.int64]:
        """The example of each row, [rows]."""
        return np.asarray(np.repeat(np.arange(len(self)), np.diff(self.offsets)), dtype=np.int64)

    def has_rows(self, example_ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Say which examples have a label at all."""
        return np.asarray(self.offsets[example_ids + 1] > self.offsets[example_ids])

    def places(self, example_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Find the rows of some examples.

        Args:
            example_ids: Which examples, in the order wanted.

        Returns:
            The places of their rows, example by example.
        """
        return find_places(self.offsets, example_ids)

    def take(self, example_ids: NDArray[np.int64]) -> "LabelRows":
        """Pick examples with all of their rows.

        Args:
            example_ids: Which examples, in the order wanted.

        Returns:
            Their labels.
        """
        ends = np.cumsum(np.diff(self.offsets)[example_ids])
        return LabelRows(values=self.values[self.places(example_ids)], offsets=np.concatenate([[0], ends]))

    def sum_rows(self, of_rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Add up a figure of the rows of each example.

        Args:
            of_rows: The figure of each row.

        Returns:
            The sum of each example.
        """
        if self.is_one_each:
            return of_rows
        return np.asarray(np.bincount(self.owners, weights=of_rows, minlength=len(self)), dtype=np.float64)
