"""Texts that stand in two splits, and texts that stand in one split with different labels."""

from dataclasses import dataclass

import numpy as np

from potstill.answers import Answer
from potstill.data.duplicates import HashSet, NearTexts, band_texts, fold_texts, hash_folded
from potstill.data.records import Split


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """How many texts of a split stand in another one, too.

    Attributes:
        num_equal: Equal, case, white space and Unicode form apart.
        num_near: Not equal, with at least 0.8 of all pieces of 5 characters in common.
        example: One of them; empty where there is none.
    """

    num_equal: int
    num_near: int
    example: str


def find_overlap(split: Split, other: Split) -> Overlap:
    """Count the texts of a split that stand in another one.

    Args:
        split: Any number of texts.
        other: Few enough for memory.

    Returns:
        The counts.
    """
    ours, theirs = fold_texts(split), fold_texts(other)
    known = HashSet()
    known.add(hash_folded(theirs))
    is_equal = known.holds(hash_folded(ours))
    is_near = NearTexts(theirs).find(ours, band_texts(ours)) & ~is_equal
    found = np.flatnonzero(is_equal if is_equal.any() else is_near)
    return Overlap(
        num_equal=int(is_equal.sum()),
        num_near=int(is_near.sum()),
        example=split.texts[int(found[0])] if len(found) else "",
    )


def count_repeats(split: Split) -> int:
    """Count the texts that are equal to one before.

    Args:
        split: The texts.

    Returns:
        How many.
    """
    return int((~HashSet().add(hash_folded(fold_texts(split)))).sum())


def find_conflicts(split: Split, answer: Answer) -> tuple[int, ...]:
    """Find the examples whose text stands before them with another label.

    Args:
        split: Labelled examples, a row of labels each.
        answer: What is asked of them.

    Returns:
        Their numbers; of scores, only those that differ by more than half of a standard deviation.
    """
    if split.labels is None or not split.labels.is_one_each or len(split) == 0:
        return ()
    targets = answer.targets(split.labels)
    _, first, which = np.unique(hash_folded(fold_texts(split)), return_index=True, return_inverse=True)
    differs = np.abs(targets - targets[first[which]]) > targets.std(axis=0) / 2
    return tuple(np.flatnonzero(differs.any(axis=1)).tolist())
