"""From rows to new rows: prepare many, draw each from a stream of its own, drop what is there already."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from potstill.augmentation.config import AugmentationConfig
from potstill.augmentation.filtering import Labeller, drop_alike, margins
from potstill.augmentation.method import Method, Row, Sampler, Variant
from potstill.augmentation.seen import SeenTexts, text_key, text_keys
from potstill.augmentation.tagged import TaggedText
from potstill.augmentation.words import edit_words, split_words
from potstill.augmentation.workers import WorkerPool

ROWS_PER_PART = 256
"""Rows whose variants are written together; what was written is not lost where the work is stopped."""

_ROWS_PER_PIECE = 32
_Work: TypeAlias = tuple[int, Row, Any, int, TaggedText | None]
"""Number of a row, the row, what was prepared for it, how often to try, and its words where they have labels."""
_Piece: TypeAlias = list[_Work]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRow:
    """A row of the result.

    Attributes:
        source: Number of the row that it was made from.
        variant: What became of each text.
        is_original: Whether it is that row itself.
        prediction: The teacher's probabilities, or its score; None where there is no teacher, and for originals.
    """

    source: int
    variant: Variant
    is_original: bool
    prediction: NDArray[np.float32] | None = None


def row_texts(variant: Variant) -> Row:
    """Give the texts of a variant."""
    return tuple([edit.text for edit in variant])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RowMaker:
    """Makes new rows, some hundred rows at a time.

    Attributes:
        rows: The examples.
        method: How they are varied.
        config: The seed, the filter, and whether originals are kept.
        attempts: Tries of each row.
        labeller: Asks the teacher; None: nobody is asked.
        workers: Processes that draw; how many there are changes nothing.
        tagged: The rows as texts whose words have labels; None where they have none.
        seen: Keys of what there is already: the rows, and new rows that were kept.
    """

    rows: Sequence[Row]
    method: Method
    config: AugmentationConfig
    attempts: NDArray[np.int64]
    labeller: Labeller | None
    workers: WorkerPool
    tagged: Sequence[TaggedText] | None = None
    seen: SeenTexts = field(default_factory=SeenTexts)

    def __post_init__(self) -> None:
        """Remember the rows."""
        self.seen.add(text_keys(self.rows))

    def add_seen(self, rows: Iterable[Row]) -> None:
        """Remember new rows that were made before."""
        self.seen.add(text_keys(rows))

    def parts(self, first_part: int = 0) -> Iterator[list[NewRow]]:
        """Make the parts from one on.

        Args:
            first_part: Parts that were made before; what they hold must have been handed to `add_seen`.

        Yields:
            For each part its rows: each original, if it is kept, and what was made of it.
        """
        filters = self.config.filter
        alike = filters.max_similarity if filters is not None else None
        first = first_part * ROWS_PER_PART
        drawn = self.workers.map(
            partial(_draw_piece, self.method.sampler, self.config.seed, alike), self._pieces(first)
        )
        for start in range(first, len(self.rows), ROWS_PER_PART):
            stop = min(start + ROWS_PER_PART, len(self.rows))
            candidates: list[tuple[int, Variant]] = []
            keys: list[int] = []
            for _ in range(start, stop, _ROWS_PER_PIECE):
                for number, variants in next(drawn):
                    candidates += [(number, variant) for _, variant in variants]
                    keys += [key for key, _ in variants]
            yield self._choose(range(start, stop), candidates, np.array(keys, dtype=np.uint64))

    def _pieces(self, first: int) -> Generator[_Piece, None, None]:
        """Prepare a part at a time, and cut it into pieces of work."""
        for start in range(first, len(self.rows), ROWS_PER_PART):
            chosen = self.rows[start : start + ROWS_PER_PART]
            prepared = self.method.prepare(start, chosen)
            for offset in range(0, len(chosen), _ROWS_PER_PIECE):
                places = range(offset, min(offset + _ROWS_PER_PIECE, len(chosen)))
                yield [self._piece(start + place, prepared[place]) for place in places]

    def _piece(self, number: int, prepared: Any) -> _Work:  # noqa: ANN401 - the method's own
        tagged = None if self.tagged is None else self.tagged[number]
        return number, self.rows[number], prepared, int(self.attempts[number]), tagged

    def _choose(
        self, numbers: range, candidates: Sequence[tuple[int, Variant]], keys: NDArray[np.uint64]
    ) -> list[NewRow]:
        """Drop what is there already or of which the teacher is unsure, and put originals before what they gave."""
        kept = np.flatnonzero(self.seen.is_new(keys))
        predictions: Sequence[NDArray[np.float32]] | None = None
        if self.labeller is not None and len(kept):
            predicted = self.labeller([row_texts(candidates[place][1]) for place in kept.tolist()])
            is_sure = self._is_sure(predicted)
            kept, predictions = kept[is_sure], list(predicted[is_sure])
        self.seen.add(keys[kept])
        made: dict[int, list[NewRow]] = {number: [] for number in numbers}
        if self.config.keep_originals:
            for number in numbers:
                original = tuple(edit_words(split_words(text), {}) for text in self.rows[number])
                made[number].append(NewRow(source=number, variant=original, is_original=True))
        for position, place in enumerate(kept.tolist()):
            number, variant = candidates[place]
            prediction = None if predictions is None else predictions[position]
            made[number].append(NewRow(source=number, variant=variant, is_original=False, prediction=prediction))
        return [row for number in numbers for row in made[number]]

    def _is_sure(self, predictions: NDArray[np.float32]) -> NDArray[np.bool_]:
        filters = self.config.filter
        if filters is None or filters.min_margin is None:
            return np.ones(len(predictions), dtype=np.bool_)
        return margins(predictions) >= filters.min_margin


def _draw_piece(
    sampler: Sampler, seed: int, max_similarity: float | None, piece: _Piece
) -> list[tuple[int, list[tuple[int, Variant]]]]:
    """Draw the variants of some rows, each with its key; runs in any process."""
    drawn = []
    for number, row, prepared, attempts, tagged in piece:
        variants: Sequence[Variant] = []
        if attempts:
            variants = sampler.draw(prepared, np.random.default_rng((seed, number)), attempts)
        if tagged is not None:
            variants = tagged.keep(variants)
        if max_similarity is not None:
            words = [split_words(text).words for text in row]
            variants = drop_alike(words, variants, max_similarity=max_similarity)
        drawn.append((number, [(text_key(row_texts(variant)), variant) for variant in variants]))
    return drawn
