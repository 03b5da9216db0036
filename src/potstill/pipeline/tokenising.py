"""Splits as tokens, each made once for each tokenizer."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from potstill.data import Batches, DataConfig, Split, TokenisedSplit
from potstill.engines import make_batches
from potstill.errors import RecipeError
from potstill.hub import Encoder, find_spans
from potstill.objectives import AnyObjectiveConfig
from potstill.processes import main_first
from potstill.results import TransferFigures
from potstill.serving import trained_length
from potstill.teachers import TokenAlignment, align_tokens
from potstill.training import TransferShares

_UNTAUGHT = 128
"""Tokens of the longest text where there is neither teacher nor base."""


def find_length(data: DataConfig, *models: str | None) -> int:
    """Say how long texts may be: where that is left open, as long as each of the models was trained on or can read."""
    lengths = [trained_length(model) for model in models if model is not None and data.max_length is None]
    return data.max_length or min(lengths, default=_UNTAUGHT)


class TokenisedSplits:
    """Tokenises each split once for each tokenizer, and aligns each pair of them once: a cache."""

    def __init__(self) -> None:
        """Begin with none."""
        self._known: dict[tuple[Split, str, int], TokenisedSplit] = {}
        self._aligned: dict[tuple[Split, str, str, int], TokenAlignment] = {}

    def find(self, split: Split, encoder: Encoder, *, max_length: int, folder: Path | None = None) -> TokenisedSplit:
        """Give the tokens of a split, refusing what the encoder cannot read; see `make_batches`."""
        key = (split, encoder.tokenizer.fingerprint, max_length)
        if key not in self._known:
            with nullcontext() if folder is None else main_first():
                made = make_batches(split, encoder, max_length=max_length, folder=folder)
            self._known[key] = made.tokenised
        return self._known[key]

    def align(self, split: Split, student: Encoder, teacher: Encoder, *, max_length: int) -> TokenAlignment:
        """Say which tokens of a teacher make up each token of a student; each is cut to as many of its own."""
        key = (split, student.tokenizer.fingerprint, teacher.tokenizer.fingerprint, max_length)
        if key not in self._aligned:
            spans = (
                find_spans(encoder.tokenizer, split.texts, split.pairs, max_length=max_length)
                for encoder in (student, teacher)
            )
            self._aligned[key] = align_tokens(*spans)
        return self._aligned[key]


def choose_readable(tokenised: TokenisedSplit, objectives: Sequence[AnyObjectiveConfig]) -> NDArray[np.int64] | None:
    """Choose the examples of which a stage can read something; None for all of them, each once.

    Where nothing but gold labels is read, labelled examples are repeated, so that an epoch is as long as one with all
    texts, and a control makes as many steps.
    """
    everything = np.ones(len(tokenised), dtype=np.bool_)
    labels, answered = tokenised.labels, tokenised.is_answered
    has_gold = everything if labels is None else labels.has_rows(np.arange(len(labels)))
    follows = any(each.needs_teacher for each in objectives)
    reads_gold = any(each.reads_gold for each in objectives)
    if not follows and not reads_gold:
        return None
    readable = np.zeros_like(everything)
    if follows:
        readable |= everything if answered is None else answered
    if reads_gold:
        readable |= has_gold
    if readable.all():
        return None
    chosen = np.flatnonzero(readable)
    return chosen if follows else np.resize(chosen, len(tokenised))


def mix_texts(batches: Batches, figures: TransferFigures, shares: TransferShares, *, path: str) -> Batches:
    """Let a pass over all texts, as long as it is, have as much of each kind as a recipe says at `path`.

    The task's own texts come first among them, then unlabelled ones, then those that augmentation made.
    """
    examples, words = batches.example_ids, batches.tokenised.tokens.words
    texts = examples if words is None else words.texts[examples]
    ends = np.cumsum([figures.num_labelled, figures.num_unlabeled])
    members = [examples[np.searchsorted(ends, texts, side="right") == kind] for kind in range(3)]
    wanted = [shares.task, shares.unlabeled, shares.augmented]
    parts = [share if len(each) else 0.0 for share, each in zip(wanted, members, strict=True)]
    if not sum(parts) > 0.0:
        raise RecipeError(f"{path}: of the kinds of text that it names there are none to read; name others.")
    counts = [max(1, round(part / sum(parts) * len(examples))) if part else 0 for part in parts]
    return batches.mixed(list(zip(members, counts, strict=True)))
