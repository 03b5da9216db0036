"""Drop what teaches little: rows of which the teacher is unsure, and rows that hardly differ from another."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from potstill.augmentation.method import Row, Variant
from potstill.config import Config

Labeller: TypeAlias = Callable[[Sequence[Row]], NDArray[np.float32]]
"""Gives the teacher's probabilities, [rows, labels], or its scores, [rows, 1]."""


class FilterConfig(Config):
    """Which variants are dropped."""

    min_margin: float | None = Field(default=0.2, gt=0.0, le=1.0)
    """Least distance between the teacher's two highest probabilities: it is undecided where they are nearer. None:
    the teacher is not asked."""
    max_similarity: float | None = Field(default=0.9, ge=0.0, lt=1.0)
    """Most words that a variant may share with the row that it was made from, or with an earlier variant of it, as
    a share of the words of both (the Jaccard index, a word that stands twice counted twice). None: any."""

    @model_validator(mode="after")
    def _has_effect(self) -> "FilterConfig":
        if self.min_margin is None and self.max_similarity is None:
            raise ValueError("min_margin and max_similarity are both none, so the filter has no effect; leave it out")
        return self


def similarity(first: Counter[str], second: Counter[str]) -> float:
    """Give the share of words that two texts have in common.

    Example:
        >>> similarity(Counter("a b c d".split()), Counter("a b c e".split()))
        0.6
    """
    together = (first | second).total()
    return (first & second).total() / together if together else 1.0


def drop_alike(source: Sequence[Sequence[str]], variants: Sequence[Variant], *, max_similarity: float) -> list[Variant]:
    """Drop variants that hardly differ from their source or from an earlier variant that was kept."""
    kept: list[Variant] = []
    seen = [_count(source)]
    for variant in variants:
        words = _count([edit.words for edit in variant])
        if all(similarity(words, other) <= max_similarity for other in seen):
            kept.append(variant)
            seen.append(words)
    return kept


def margins(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give the distance between the two highest probabilities."""
    highest = np.sort(probabilities, axis=1)[:, -2:]
    return highest[:, 1] - highest[:, 0]


def _count(texts: Sequence[Sequence[str]]) -> Counter[str]:
    """Count words; the same word in the first and in the second text are two."""
    return Counter(f"{position}{word}" for position, words in enumerate(texts) for word in words)
