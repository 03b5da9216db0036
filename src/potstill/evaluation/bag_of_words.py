"""What can be told from the words of a text alone, in seconds: a bar for models that read the whole text."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve
from scipy.sparse import csr_array

from potstill.answers import Answer
from potstill.data import Split

MAX_TEXTS = 20_000
_MAX_TERMS = 4_000
_MAX_WORDS = 300
"""Words of a text that count."""
_PENALTY = 1.0
_WORD = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]|[^\W\u3040-\u30ff\u4e00-\u9fff]+")
"""A word, or a character of a language that writes no spaces."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WordModel:
    """A linear model of which words, and which two in a row, a text holds.

        W = argmin |X W - Y|^2 + |W|^2        X: TF-IDF, rows of length 1; Y: the labels, less their mean

    Attributes:
        terms: Place of each term in the columns of X.
        rarities: Inverse document frequency of each term.
        weights: W, [terms, labels].
        means: Mean of the labels, [labels].
        num_texts: Texts that it was learnt from.
    """

    terms: dict[str, int]
    rarities: NDArray[np.float64]
    weights: NDArray[np.float64]
    means: NDArray[np.float64]
    num_texts: int

    def answer(self, split: Split) -> NDArray[np.float32]:
        """Answer texts.

        Args:
            split: The texts.

        Returns:
            Logits, [texts, labels].
        """
        counts = _count([_terms(text, pair) for text, pair in _sides(split)], self.terms)
        logits = _weigh(counts, self.rarities) @ self.weights + self.means
        return np.asarray(logits, dtype=np.float32)


def learn_words(split: Split, answer: Answer) -> WordModel | None:
    """Learn what words tell; at most 20,000 texts and 4,000 terms, which takes seconds.

    Args:
        split: Labelled texts.
        answer: What is asked.

    Returns:
        The model; None where a text has no label or more than one row of them, or no term stands in two texts.
    """
    if split.labels is None or not split.labels.is_one_each:
        return None
    chosen = np.random.default_rng(0).permutation(len(split))[:MAX_TEXTS].astype(np.int64)
    some = split.take(np.sort(chosen))
    assert some.labels is not None, "the texts have labels"
    texts = [_terms(text, pair) for text, pair in _sides(some)]
    spread = Counter(term for each in texts for term in set(each))
    terms = {term: place for place, (term, count) in enumerate(spread.most_common(_MAX_TERMS)) if count > 1}
    if not terms:
        return None
    counts = _count(texts, terms)
    rarities = np.log((1 + len(some)) / (1 + np.array([spread[term] for term in terms]))) + 1
    targets = answer.targets(some.labels)
    means = targets.mean(axis=0)
    weights = _solve(_weigh(counts, rarities), targets - means)
    return WordModel(terms=terms, rarities=rarities, weights=weights, means=means, num_texts=len(some))


def _solve(features: csr_array, targets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve the equation of `WordModel`, over terms or over texts, of whichever there are fewer."""
    num_texts, num_terms = features.shape
    over_texts = num_texts < num_terms
    gram = (features @ features.T if over_texts else features.T @ features).toarray()
    gram[np.diag_indices_from(gram)] += _PENALTY
    wanted = targets if over_texts else features.T @ targets
    solved = solve(gram, wanted, assume_a="pos", overwrite_a=True)
    return np.asarray(features.T @ solved if over_texts else solved)


def _sides(split: Split) -> Iterator[tuple[str, str]]:
    return zip(split.texts, split.pairs if split.pairs is not None else [""] * len(split), strict=True)


def _terms(text: str, pair: str) -> list[str]:
    """Give the words of a text and each two in a row; those of a second text are others."""
    found = []
    for mark, side in (("", text), ("2 ", pair)):
        words = [each.group() for each in islice(_WORD.finditer(side.lower()), _MAX_WORDS)]
        found += [mark + word for word in words] + [f"{mark}{first} {second}" for first, second in pairwise(words)]
    return found


def _count(texts: Sequence[list[str]], terms: dict[str, int]) -> csr_array:
    rows = [[terms[term] for term in text if term in terms] for text in texts]
    places = np.array([place for row in rows for place in row], dtype=np.int32)
    offsets = np.cumsum([0, *map(len, rows)])
    counts = csr_array((np.ones(len(places)), places, offsets), shape=(len(texts), len(terms)))
    counts.sum_duplicates()
    return counts


def _weigh(counts: csr_array, rarities: NDArray[np.float64]) -> csr_array:
    """Weigh counts by rarity, and make every row 1 long; one without a known term stays 0."""
    weighed = counts.multiply(rarities).tocsr()
    lengths = np.sqrt(weighed.multiply(weighed).sum(axis=1))
    return csr_array(weighed.multiply((1 / np.where(lengths > 0, lengths, 1))[:, None]).tocsr())
