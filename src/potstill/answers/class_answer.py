"""What all answers share that are exactly one of several classes."""

from abc import ABC
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from potstill.answers.answer import Answer
from potstill.answers.calibration import measure_calibration
from potstill.answers.classes import check_classes, count_confusion, measure_classes
from potstill.answers.column import LabelColumn
from potstill.answers.fidelity import divergences, entropies
from potstill.answers.intervals import exact_mcnemar, resample_classes, wilson
from potstill.answers.metrics import Floats, Tallies, class_metric
from potstill.answers.names import list_names, show, sort_label_names
from potstill.answers.prediction import Prediction
from potstill.answers.rows import LabelArray, LabelRows
from potstill.answers.told import Floor, Told
from potstill.answers.told_answers import FLOOR, ToldAnswers, read_classes
from potstill.answers.words import WordSpans
from potstill.errors import DataError
from potstill.results import ClassFidelity, McNemar, write_labels

_KNOWS_RARE_CLASSES = 0.2
"""Matthews coefficient above which a classifier has learnt something, though the majority class is right as often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassAnswer(Answer, ABC):
    """Exactly one of several classes; a member says which, by `decide`."""

    when: ClassVar[str] = "classification"
    trained_to: ClassVar[str] = "to choose one label"
    expects: ClassVar[str] = "each has exactly one"

    @property
    def default_metrics(self) -> tuple[str, ...]:
        """See `Answer.default_metrics`; `f1` is that of label 1 of two labels."""
        return ("accuracy", "f1" if self.num_labels == 2 else "macro_f1", "matthews")

    @property
    def formulas(self) -> tuple[str, ...]:
        """See `Answer.formulas`; `f1` is that of label 1 of two labels."""
        return ("accuracy", "macro_f1", "matthews", *(("f1",) if self.num_labels <= 2 else ()))

    @property
    def table_columns(self) -> list[str]:
        """See `Answer.table_columns`."""
        return ["label", *(f"probability_{name}" for name in self.label_names)]

    @classmethod
    def learn(cls, column: LabelColumn) -> "Answer":
        """See `Answer.learn`."""
        names = column.names()
        different = set(names)
        if len(different) < (column.fewest if column.is_told else 2) and not column.known:
            raise DataError(f"{column.place}: every label is '{names[0]}'; at least two different ones are needed.")
        if not column.is_told:
            check_classes(column.place, names, different)
        return cls(label_names=column.known or column.class_names or sort_label_names(names))

    def encode(self, column: LabelColumn) -> LabelRows:
        """See `Answer.encode`."""
        names = column.names()
        positions = {name: position for position, name in enumerate(self.label_names)}
        for place, name in enumerate(names):
            if name not in positions:
                raise DataError(
                    f"{column.row(place)} has the label {show(name)}, which does not occur in the training examples; "
                    f"they have {list_names(self.label_names)}; mend it, or name all classes with --labels."
                )
        return self.pack([positions[name] for name in names])

    def read_answers(self, told: ToldAnswers) -> NDArray[np.float32]:
        """See `Answer.read_answers`; votes are shares of the judges."""
        return told.read(lambda cell: read_classes(told.form, cell, self.label_names), num_labels=self.num_labels)

    def complete_answers(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Answer.complete_answers`; the labels that are not told share evenly what the others leave of 1."""
        is_told = ~np.isnan(rows)
        rest = 1.0 - np.where(is_told, np.exp(rows.astype(np.float64)), 0.0).sum(axis=1, keepdims=True)
        each = np.log(np.maximum(rest / np.maximum(1, (~is_told).sum(axis=1, keepdims=True)), FLOOR))
        return np.where(is_told, rows, each).astype(np.float32)

    def is_labelled(self, column: LabelColumn) -> bool:
        """See `Answer.is_labelled`."""
        return column.has_names

    def read_value(self, cell: str, values: Sequence[str]) -> int | None:
        """See `Answer.read_value`."""
        return values.index(cell) if cell in values else None

    def unusable(self, cell: str, values: Sequence[str]) -> str:
        """See `Answer.unusable`."""
        return f"label '{cell}'; allowed are {', '.join(values)}"

    def write_value(self, decided: Any, values: Sequence[str], limits: tuple[float, float] | None) -> str:  # noqa: ANN401
        """See `Answer.write_value`."""
        return values[int(decided)]

    def pack(self, values: Sequence[Any]) -> LabelRows:
        """See `Answer.pack`."""
        return LabelRows.one_each(np.array(values, dtype=np.int64))

    def targets(self, gold: LabelRows) -> NDArray[np.float64]:
        """See `Answer.targets`; 10 for the class that holds, which makes its probability 1 in hardly any digit less."""
        return 10.0 * np.eye(self.num_labels)[gold.values.astype(np.int64)]

    def choose(self, shares: NDArray[np.floating]) -> dict[str, str | float]:
        """See `Answer.choose`."""
        best = int(self._indices(np.log(np.maximum(shares[None].astype(np.float64), np.finfo(np.float64).tiny)))[0])
        return {"label": self.label_names[best], "probability": float(shares[best])}

    def probabilities(self, logits: NDArray[np.floating]) -> NDArray[np.floating]:
        """See `Answer.probabilities`."""
        from scipy.special import softmax

        return np.asarray(softmax(logits, axis=1))

    def predict(
        self, logits: NDArray[np.floating], *, texts: Sequence[str] = (), words: WordSpans | None = None
    ) -> Iterator[Prediction]:
        """See `Answer.predict`."""
        shares = self.probabilities(logits.astype(np.float64))
        for best, row, raw in zip(self._indices(logits).tolist(), shares.tolist(), logits.tolist(), strict=True):
            yield Prediction(
                label=self.label_names[best],
                probabilities=dict(zip(self.label_names, row, strict=True)),
                logits=dict(zip(self.label_names, raw, strict=True)),
            )

    def table_cells(self, prediction: Prediction) -> list[Any]:
        """See `Answer.table_cells`."""
        return [prediction.label, *prediction.probabilities.values()]

    def tell(self, logits: Sequence[float], *, words: Sequence[str] = ()) -> Told:
        """See `Answer.tell`."""
        prediction = next(self.predict(np.array([logits])))
        assert prediction.label is not None
        share = 100 * prediction.probabilities[prediction.label]
        return Told(chosen=prediction.label, written=f"{prediction.label} ({share:.0f}\u00a0%)")

    def name_gold(self, rows: LabelArray, *, words: Sequence[str] = ()) -> str | float:
        """See `Answer.name_gold`."""
        return write_labels([self.label_names[index] for index in rows.tolist()])

    def measure_formulas(
        self, metrics: Sequence[str], logits: NDArray[np.floating], gold: LabelRows
    ) -> dict[str, float]:
        """See `Answer.measure_formulas`."""
        tallies = self._tallies(logits, gold)
        return {name: float(class_metric(name, tallies)[0]) for name in metrics}

    def resample_formula(
        self, metric: str, predictions: Sequence[NDArray[np.generic]], gold: LabelRows
    ) -> list[Floats]:
        """See `Answer.resample_formula`."""
        answers = [each.astype(np.int64) for each in predictions]
        return resample_classes(
            gold, answers, lambda tallies: class_metric(metric, tallies), num_labels=self.num_labels
        )

    def exact_interval(self, metric: str, logits: NDArray[np.floating], gold: LabelRows) -> tuple[float, float] | None:
        """See `Answer.exact_interval`."""
        if metric != "accuracy" or not gold.is_one_each:
            return None
        return wilson(int((self.decide(logits) == gold.values).sum()), len(gold))

    def mcnemar(self, student: NDArray[np.floating], other: NDArray[np.floating], gold: LabelRows) -> McNemar | None:
        """See `Answer.mcnemar`."""
        return exact_mcnemar(self.decide(student) == gold.values, self.decide(other) == gold.values)

    def fidelity(self, student: NDArray[np.floating], teacher: NDArray[np.floating]) -> ClassFidelity:
        """See `Answer.fidelity`."""
        distance = float(self.distances(student, teacher).mean())
        return ClassFidelity(agreement=self.agreement(student, teacher), divergence=distance)

    def agreement(self, student: NDArray[np.floating], other: NDArray[np.floating]) -> float:
        """See `Answer.agreement`."""
        return float((self.decide(student) == self.decide(other)).mean())

    def matches(
        self, decided: NDArray[np.generic], other: NDArray[np.generic], offsets: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """See `Answer.matches`."""
        return np.asarray(decided == other)

    def confidence(self, logits: NDArray[np.floating], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
        """See `Answer.confidence`; the probability of what is decided, at temperature 1."""
        return self._chosen_shares(logits)

    def distances(self, student: NDArray[np.floating], teacher: NDArray[np.floating]) -> NDArray[np.float64]:
        """See `Answer.distances`."""
        return divergences(student, teacher)

    def spread(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """See `Answer.spread`; the entropy."""
        return entropies(logits)

    def details(self, logits: NDArray[np.floating], gold: LabelRows) -> dict[str, Any]:
        """See `Answer.details`."""
        answers, values = self._indices(logits), gold.values.astype(np.int64)
        return {
            "calibration": measure_calibration(self._chosen_shares(logits), answers == values),
            "classes": measure_classes(self.label_names, self._tallies(logits, gold)),
            "confusion": count_confusion(self.label_names, answers, values),
        }

    def floor(self, metrics: Sequence[str], logits: NDArray[np.floating], gold: LabelRows) -> Floor:
        """See `Answer.floor`; the accuracy of the majority, unless Matthews' coefficient is above 0.2."""
        measured = self.measure(("accuracy", "matthews"), logits, gold)
        return Floor(
            metric="accuracy",
            score=measured["accuracy"],
            floor=float(np.bincount(gold.values.astype(np.int64)).max() / len(gold.values)),
            what="always answering the most frequent class",
            is_spared=measured["matthews"] > _KNOWS_RARE_CLASSES,
        )

    def strata(self, gold: LabelRows) -> NDArray[np.int64] | None:
        """See `Answer.strata`."""
        return gold.values.astype(np.int64) if gold.is_one_each else None

    def renumber(self, gold: LabelArray, places: NDArray[np.int64], label_names: tuple[str, ...]) -> LabelArray:
        """See `Answer.renumber`."""
        return places[gold.astype(np.int64)]

    def _tallies(self, logits: NDArray[np.floating], gold: LabelRows) -> Tallies:
        values, once = gold.values.astype(np.int64), np.ones((1, len(gold.values)))
        return Tallies.count(self._indices(logits), values, times=once, num_labels=self.num_labels)

    def _chosen_shares(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        shares = np.asarray(self.probabilities(logits.astype(np.float64)), dtype=np.float64)
        return np.asarray(shares[np.arange(len(shares)), self._indices(logits)])

    def _indices(self, logits: NDArray[np.floating]) -> NDArray[np.int64]:
        return self.decide(logits).astype(np.int64)
