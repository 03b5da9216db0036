"""Draw examples by a seed: parts of train with every class in proportion, and a limited training set."""

import numpy as np
from numpy.typing import NDArray

from potstill.answers import Answer
from potstill.data.records import Split
from potstill.errors import DataError


def split_off_dev(split: Split, answer: Answer, *, fraction: float, seed: int, where: str) -> tuple[Split, Split]:
    """Split labelled examples into train and dev."""
    parts = _split(split, answer, fraction, seed)
    if parts is None:
        assert split.labels is not None
        strata = answer.strata(split.labels)
        is_alone = strata is not None and len(np.unique(strata)) == len(split)
        cause = f", as each of {len(split)} classes stands once" if is_alone else ""
        raise DataError(
            f"{where}: {_count(split)} different examples are too few to split off a development set{cause}; give "
            "'dev' a file of its own."
        )
    return parts


def hold_out(train: Split, answer: Answer, *, fraction: float, seed: int) -> tuple[Split, Split]:
    """Split training examples into those to learn from and those that choose the weights."""
    parts = _split(train, answer, fraction, seed)
    if parts is None:
        raise DataError(
            f"data.select_on: {_count(train)} different training examples are too few to hold a part of them out; "
            "leave it at 'dev'."
        )
    return parts


def draw_examples(split: Split, *, limit: int, seed: int) -> Split:
    """Draw examples at random."""
    return split.take(np.random.default_rng(seed).permutation(len(split))[:limit])


def _text_ids(split: Split) -> NDArray[np.int64]:
    """Number the texts of a split, equal ones alike."""
    numbers: dict[tuple[str, str], int] = {}
    pairs = split.pairs or [""] * len(split)
    return np.array([numbers.setdefault(key, len(numbers)) for key in zip(split.texts, pairs, strict=True)])


def _count(split: Split) -> int:
    return len(np.unique(_text_ids(split)))


def _split(split: Split, answer: Answer, fraction: float, seed: int) -> tuple[Split, Split] | None:
    """Draw a share of the different texts, equal ones together; None where there are too few."""
    assert split.labels is not None
    strata, text_of = answer.strata(split.labels), _text_ids(split)
    random, number = np.random.default_rng(seed), int(text_of.max()) + 1
    total = max(1, round(fraction * number))
    if strata is not None:
        chosen = _stratified(strata[np.unique(text_of, return_index=True)[1]], total, random)
    else:
        chosen = random.permutation(number)[: min(total, number - 1)]
    is_drawn = np.isin(text_of, chosen)
    if strata is not None:
        for label in np.setdiff1d(strata, strata[~is_drawn]):  # equal texts with different labels
            is_drawn[text_of == text_of[np.argmax(strata == label)]] = False
    if not is_drawn.any():
        return None
    return split.take(np.flatnonzero(~is_drawn)), split.take(np.flatnonzero(is_drawn))


def _stratified(classes: NDArray[np.int64], total: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Share `total` out among the classes by largest remainder, leave one example of each, draw within each."""
    _, members, counts = np.unique(classes, return_inverse=True, return_counts=True)
    exact = counts * (total / len(classes))
    shares = np.minimum(np.floor(exact).astype(np.int64), counts - 1)
    total = min(total, int((counts - 1).sum()))
    while (missing := total - int(shares.sum())) > 0:
        has_room = shares < counts - 1
        wanting = np.argsort(np.where(has_room, shares - exact, np.inf), kind="stable")
        shares[wanting[: min(missing, int(has_room.sum()))]] += 1
    order = random.permutation(len(classes))
    drawn = [order[members[order] == index][:share] for index, share in enumerate(shares)]
    return np.concatenate(drawn)
