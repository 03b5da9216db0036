"""Draw examples by a seed: a development set with every class in proportion, and a limited training set."""

import numpy as np
from numpy.typing import NDArray

from potstill.answers import Answer
from potstill.data.records import Split
from potstill.errors import DataError


def split_off_dev(split: Split, answer: Answer, *, fraction: float, seed: int, where: str) -> tuple[Split, Split]:
    """Split labelled examples in two."""
    assert split.labels is not None
    strata = answer.strata(split.labels)
    random = np.random.default_rng(seed)
    texts: dict[tuple[str, str], int] = {}
    pairs = split.pairs or [""] * len(split)
    text_of = np.array([texts.setdefault(key, len(texts)) for key in zip(split.texts, pairs, strict=True)])
    total = max(1, round(fraction * len(texts)))
    if strata is not None:
        chosen = _stratified(strata[np.unique(text_of, return_index=True)[1]], total, random)
    else:
        chosen = random.permutation(len(texts))[: min(total, len(texts) - 1)]
    is_dev = np.isin(text_of, chosen)
    if strata is not None:
        for label in np.setdiff1d(strata, strata[~is_dev]):  # equal texts with different labels
            is_dev[text_of == text_of[np.argmax(strata == label)]] = False
    if not is_dev.any():
        raise DataError(
            f"{where}: {len(texts)} different examples are too few to split off a development set; give 'dev' a file "
            "of its own."
        )
    return split.take(np.flatnonzero(~is_dev)), split.take(np.flatnonzero(is_dev))


def draw_examples(split: Split, *, limit: int, seed: int) -> Split:
    """Draw examples at random."""
    return split.take(np.random.default_rng(seed).permutation(len(split))[:limit])


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
