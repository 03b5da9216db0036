"""One label for each word of a text: entities, personal data, parts of speech."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from potstill.answers.calibration import measure_calibration
from potstill.answers.classes import count_confusion, measure_classes
from potstill.answers.column import LabelColumn
from potstill.answers.entities import GOLD, HITS, OUTSIDE, PREDICTED, Spelling, entity_metric, span_labels
from potstill.answers.intervals import resample_times
from potstill.answers.metrics import Floats, Tallies
from potstill.answers.mistakes import count_mistakes
from potstill.answers.names import list_names, show, sort_label_names
from potstill.answers.prediction import Prediction, Span
from potstill.answers.rows import LabelArray, LabelRows
from potstill.answers.spans import read_spans, read_tags, spell_spans
from potstill.answers.told import Floor, Told
from potstill.answers.told_answers import ToldAnswers
from potstill.answers.told_words import read_told_words
from potstill.answers.word_answer import WordAnswer
from potstill.answers.words import Piece, WordSpans, mark_words
from potstill.errors import DataError

_ENTITY_METRICS = ("entity_f1", "entity_precision", "entity_recall", "entity_macro_f1")
_WORD_METRICS = ("accuracy", "macro_f1")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Tags(WordAnswer):
    """One of several labels for each word, the likeliest; where one is `O`, the others spell entities."""

    kind: ClassVar[str] = "tags"
    config_fields: ClassVar[Mapping[str, str]] = {"answers_per": "word"}

    @property
    def spelling(self) -> Spelling:
        """What the names of the labels say."""
        return Spelling(self.label_names)

    @property
    def default_metrics(self) -> tuple[str, ...]:
        """See `Answer.default_metrics`.

        Example:
            >>> [Tags(label_names=names).default_metrics[0] for names in (("B-PER", "I-PER", "O"), ("NN", "VB"))]
            ['entity_f1', 'accuracy']
        """
        return _WORD_METRICS if self.spelling.scheme == "words" else (*_ENTITY_METRICS, "accuracy")

    @property
    def formulas(self) -> tuple[str, ...]:
        """See `Answer.formulas`; those of entities count one as right if its borders and its type are."""
        return self.default_metrics if self.label_names else (*_ENTITY_METRICS, *_WORD_METRICS)

    @property
    def table_columns(self) -> list[str]:
        """See `Answer.table_columns`."""
        return ["spans"]

    @classmethod
    def claims(cls, column: LabelColumn) -> bool:
        """See `Answer.claims`."""
        return column.holds_spans or (column.words is not None and column.holds_lists)

    @classmethod
    def learn(cls, column: LabelColumn) -> "Tags":
        """See `Answer.learn`."""
        if column.holds_spans:
            types = [span.label for spans in read_spans(column) for span in spans]
            if not types and not column.known:
                raise DataError(f"{column.place}: no text has a span, so there is nothing to learn.")
            return cls(label_names=column.known or span_labels(types))
        names = [name for names in read_tags(column) for name in names]
        answer = cls(label_names=column.known or column.class_names or sort_label_names(names))
        if answer.spelling.is_mixed:
            raise DataError(
                f"{column.place}: some labels say where an entity begins and some do not "
                f"({list_names(answer.label_names)}); write all of them as B-TYPE and I-TYPE, or none."
            )
        if len(set(names)) < column.fewest and not column.known:
            raise DataError(f"{column.place}: every word has the label '{names[0]}'; at least two labels are needed.")
        return answer

    def encode(self, column: LabelColumn) -> LabelRows:
        """See `Answer.encode`."""
        positions = {name: position for position, name in enumerate(self.label_names)}
        rows = spell_spans(column) if column.holds_spans else read_tags(column)
        for place, names in enumerate(rows):
            for name in names:
                if name not in positions:
                    raise DataError(
                        f"{column.row(place)} has the label {show(name)}, which does not occur in the training "
                        f"examples; they have {list_names(self.label_names)}."
                    )
        return self.pack([[positions[name] for name in names] for names in rows])

    def is_labelled(self, column: LabelColumn) -> bool:
        """See `Answer.is_labelled`."""
        return any(cell is not None for cell in column.cells)

    def describe(self, labels: LabelRows) -> list[str]:
        """See `Answer.describe`."""
        spelling, values = self.spelling, labels.values.astype(np.int64)
        if spelling.scheme == "words":
            return [f"{len(values):,} words"]
        found = spelling.find(values, labels.offsets)
        told = f"{len(found.first):,} entities in {len(values):,} words, as {spelling.scheme}"
        if spelling.scheme == "types":
            return [f"{told}: neighbours of one type are one entity"]
        unmarked, marked = spelling.count_broken(values, labels.offsets)
        if unmarked and not marked:
            return [f"{told}, in which B marks only an entity right behind another of its type"]
        return [f"{told}, {unmarked:,} of which begin without B"] if unmarked else [told]

    def read_answers(self, told: ToldAnswers) -> NDArray[np.float32]:
        """See `Answer.read_answers`; spans, or labels of words in any scheme, or numbers for each word."""
        return read_told_words(told, self.label_names)

    def predict(
        self, logits: NDArray[np.floating], *, texts: Sequence[str] = (), words: WordSpans | None = None
    ) -> Iterator[Prediction]:
        """See `Answer.predict`."""
        assert words is not None, "labels of words need the words"
        shares = self.probabilities(logits.astype(np.float64)).max(axis=1, initial=0.0)
        found = self.spelling.find(self.decide(logits), words.offsets)
        owners = np.searchsorted(words.offsets, found.first, side="right") - 1
        spans: list[list[Span]] = [[] for _ in texts]
        for owner, first, last, type_id in zip(owners, found.first, found.last, found.types, strict=True):
            start, end = int(words.starts[first]), int(words.ends[last])
            score = float(shares[first : last + 1].mean())
            spans[owner].append(
                Span(
                    start=start,
                    end=end,
                    label=self.spelling.type_names[type_id],
                    text=texts[owner][start:end],
                    score=score,
                )
            )
        for each in spans:
            yield Prediction(probabilities={}, spans=tuple(each))

    def table_cells(self, prediction: Prediction) -> list[Any]:
        """See `Answer.table_cells`; `start-end label`, with a semicolon between two."""
        return ["; ".join(f"{span.start}-{span.end} {span.label}" for span in prediction.spans or ())]

    def tell(self, logits: Sequence[float], *, words: Sequence[str] = ()) -> Told:
        """See `Answer.tell`."""
        written = self._write(self.decide(np.array(logits).reshape(-1, self.num_labels)), words)
        return Told(chosen=written, written=written)

    def name_gold(self, rows: LabelArray, *, words: Sequence[str] = ()) -> str | float:
        """See `Answer.name_gold`."""
        return self._write(rows.astype(np.int64), words)

    def _write(self, labels: NDArray[np.int64], words: Sequence[str]) -> str:
        """Write the entities of a text as words with their types."""
        found = self.spelling.find(labels, np.array([0, len(labels)]))
        spans = zip(found.first.tolist(), found.last.tolist(), found.types.tolist(), strict=True)
        names = self.spelling.type_names
        told = [f"{' '.join(words[first : last + 1])} {names[number]}".strip() for first, last, number in spans]
        return "; ".join(told) or "none"

    def measure_formulas(
        self, metrics: Sequence[str], logits: NDArray[np.floating], gold: LabelRows
    ) -> dict[str, float]:
        """See `Answer.measure_formulas`."""
        decided = self.decide(logits)
        words = self._each.measure_formulas([name for name in metrics if name in _WORD_METRICS], logits, gold)
        counts = self.spelling.count(decided, gold).sum(axis=0)[None]
        return {name: words[name] if name in words else float(entity_metric(name, counts)[0]) for name in metrics}

    def resample_formula(
        self, metric: str, predictions: Sequence[NDArray[np.generic]], gold: LabelRows
    ) -> list[Floats]:
        """See `Answer.resample_formula`; texts are drawn with all of their words."""
        if metric == "macro_f1":
            return self._each.resample_formula(metric, predictions, gold)
        texts = LabelRows.one_each(np.zeros(len(gold), dtype=np.int64))
        if metric == "accuracy":
            words = np.diff(gold.offsets).astype(np.float64)
            right = [gold.sum_rows((each == gold.values).astype(np.float64)) for each in predictions]
            return resample_times(
                texts, right, lambda hits, times: np.asarray((times @ hits.astype(np.float64)) / (times @ words))
            )
        counts = [self.spelling.count(each.astype(np.int64), gold) for each in predictions]
        return resample_times(
            texts, counts, lambda each, times: entity_metric(metric, np.tensordot(times, each.astype(float), axes=1))
        )

    def details(self, logits: NDArray[np.floating], gold: LabelRows) -> dict[str, Any]:
        """See `Answer.details`; calibration of words, figures of types of entities, confusion of types of words."""
        spelling, decided, values = self.spelling, self.decide(logits), gold.values.astype(np.int64)
        shares = np.asarray(self.probabilities(logits.astype(np.float64)).max(axis=1), dtype=np.float64)
        counts = spelling.count(decided, gold).sum(axis=0)[None]
        tallies = Tallies(hits=counts[..., HITS], gold=counts[..., GOLD], predicted=counts[..., PREDICTED])
        names = (*spelling.type_names, OUTSIDE)
        return {
            "calibration": measure_calibration(shares, decided == values),
            "classes": measure_classes(spelling.type_names, tallies),
            "confusion": count_confusion(names, spelling.types[decided], spelling.types[values]),
        }

    def matches(
        self, decided: NDArray[np.generic], other: NDArray[np.generic], offsets: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """See `Answer.matches`; where both have the same entities, or, without any kind of them, the same labels."""
        theirs = LabelRows(values=other.astype(np.int64), offsets=offsets)
        counts = self.spelling.count(decided.astype(np.int64), theirs)
        return np.asarray((counts == counts[..., [HITS]]).all(axis=(1, 2)))

    def mistakes(self, logits: NDArray[np.floating], gold: LabelRows) -> dict[str, int]:
        """See `Answer.mistakes`; of entities."""
        if self.spelling.scheme == "words":
            return {}
        return count_mistakes(self.spelling, self.decide(logits), gold)

    def free_words(self, labels: LabelArray) -> NDArray[np.bool_]:
        """See `Answer.free_words`; those outside of all entities."""
        return np.asarray(self.spelling.types[labels.astype(np.int64)] < 0)

    def mark(self, text: str, words: Sequence[str], rows: NDArray[np.generic]) -> tuple[Piece, ...]:
        """See `Answer.mark`."""
        found, names = self.spelling.find(rows.astype(np.int64), np.array([0, len(rows)])), self.spelling.type_names
        spans = zip(found.first.tolist(), found.last.tolist(), found.types.tolist(), strict=True)
        return mark_words(text, words, [(first, last, names[number]) for first, last, number in spans])

    def floor(self, metrics: Sequence[str], logits: NDArray[np.floating], gold: LabelRows) -> Floor:
        """See `Answer.floor`; the primary metric of always answering the most frequent label."""
        primary = self.first_formula(metrics)
        always = np.zeros_like(logits)
        always[:, np.bincount(gold.values.astype(np.int64)).argmax()] = 1.0
        return Floor(
            metric=primary,
            score=self.measure((primary,), logits, gold)[primary],
            floor=self.measure((primary,), always, gold)[primary],
            what="always answering the most frequent label",
        )
