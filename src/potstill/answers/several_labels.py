"""Any number of several labels, each for itself."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from potstill.answers.answer import Answer
from potstill.answers.calibration import measure_calibration
from potstill.answers.classes import measure_classes
from potstill.answers.column import LabelColumn
from potstill.answers.fidelity import as_answers, entropies, label_divergences
from potstill.answers.intervals import resample_times
from potstill.answers.metrics import Floats, Tallies, label_metric
from potstill.answers.names import show, sort_label_names
from potstill.answers.prediction import AnswerField, Prediction
from potstill.answers.rows import LabelArray, LabelRows
from potstill.answers.told import Floor, Told
from potstill.answers.told_answers import ToldAnswers, find_label, independent_to_logits, read_values
from potstill.answers.words import WordSpans
from potstill.errors import DataError
from potstill.results import ClassFidelity, write_labels


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SeveralLabels(Answer):
    """Any number of several labels; those hold whose probability is above one half."""

    kind: ClassVar[str] = "multi_label"
    when: ClassVar[str] = "classification"
    config_fields: ClassVar[Mapping[str, str]] = {"problem_type": "multi_label_classification"}
    has_independent_labels: ClassVar[bool] = True
    trained_to: ClassVar[str] = "to give a text any number of labels"
    expects: ClassVar[str] = "a text may have several"
    lacks_classes: ClassVar[str | None] = "has several labels for each text"
    forbids_new_texts: ClassVar[str | None] = "texts that may have several labels"
    no_distribution: ClassVar[str | None] = "A text may have several labels, so there is no distribution over them."
    answers_with: ClassVar[AnswerField] = "labels"
    takes_separator: ClassVar[bool] = True

    @property
    def default_metrics(self) -> tuple[str, ...]:
        """See `Answer.default_metrics`."""
        return ("micro_f1", "macro_f1", "subset_accuracy")

    @property
    def formulas(self) -> tuple[str, ...]:
        """See `Answer.formulas`; `subset_accuracy` is the share of rows of which every label is right."""
        return ("micro_f1", "macro_f1", "subset_accuracy")

    @property
    def table_columns(self) -> list[str]:
        """See `Answer.table_columns`."""
        return ["label", *(f"probability_{name}" for name in self.label_names)]

    @classmethod
    def claims(cls, column: LabelColumn) -> bool:
        """See `Answer.claims`."""
        return column.separator is not None or column.holds_lists

    @classmethod
    def learn(cls, column: LabelColumn) -> "SeveralLabels":
        """See `Answer.learn`."""
        names = [name for names in column.sets() for name in names]
        if (num_different := len(set(names))) < column.fewest and not column.known:
            raise DataError(
                f"{column.place}: there are {num_different} different labels; at least {column.fewest} are needed."
            )
        return cls(label_names=column.known or column.class_names or sort_label_names(names))

    def encode(self, column: LabelColumn) -> LabelRows:
        """See `Answer.encode`."""
        for place, names in enumerate(sets := column.sets()):
            for name in names:
                if name not in self.label_names:
                    raise DataError(
                        f"{column.row(place)} has the label {show(name)}, which does not occur in the training "
                        f"examples; they have {', '.join(self.label_names[:12])}."
                    )
        return self.pack([self._mark(names, self.label_names) for names in sets])

    def read_answers(self, told: ToldAnswers) -> NDArray[np.float32]:
        """See `Answer.read_answers`; the vote of a judge is a list of labels."""

        def read(cell: Any) -> NDArray[np.float32]:  # noqa: ANN401 - a cell of a file
            if told.form in ("label", "votes"):
                judges = cell if told.form == "votes" and isinstance(cell, list | tuple) else [cell]
                return independent_to_logits(np.mean([self._say(judge) for judge in judges], axis=0))
            values = read_values(cell, self.label_names)
            if told.form == "log_probabilities":
                values = np.exp(values)
            return values.astype(np.float32) if told.form == "logits" else independent_to_logits(values)

        return told.read(read, num_labels=self.num_labels)

    def complete_answers(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Answer.complete_answers`; what is not told is as likely as not."""
        return np.nan_to_num(rows, nan=0.0)

    def _say(self, names: Any) -> NDArray[np.float64]:  # noqa: ANN401 - a cell of a file
        said = np.zeros(self.num_labels)
        for name in names if isinstance(names, list | tuple) else [names]:
            said[find_label(name, self.label_names)] = 1
        return said

    def is_labelled(self, column: LabelColumn) -> bool:
        """See `Answer.is_labelled`."""
        return any(cell is not None and len(cell) > 0 for cell in column.cells)

    def read_value(self, cell: str, values: Sequence[str]) -> list[float] | None:
        """See `Answer.read_value`; commas stand between labels."""
        names = [name.strip() for name in cell.split(",") if name.strip()]
        return self._mark(names, values) if set(names) <= set(values) else None

    def unusable(self, cell: str, values: Sequence[str]) -> str:
        """See `Answer.unusable`."""
        return f"label '{cell}'; allowed are {', '.join(values)}"

    def write_value(self, decided: Any, values: Sequence[str], limits: tuple[float, float] | None) -> str:  # noqa: ANN401
        """See `Answer.write_value`; commas stand between labels."""
        return ",".join(values[index] for index in np.flatnonzero(decided).tolist())

    def pack(self, values: Sequence[Any]) -> LabelRows:
        """See `Answer.pack`."""
        return LabelRows.one_each(np.array(values, dtype=np.float32).reshape(len(values), self.num_labels))

    def decide(self, logits: NDArray[np.floating]) -> NDArray[np.int64]:
        """See `Answer.decide`."""
        return np.asarray(logits > 0, dtype=np.int64)

    def targets(self, gold: LabelRows) -> NDArray[np.float64]:
        """See `Answer.targets`; 1 for a label that holds, else -1."""
        return 2.0 * gold.values.astype(np.float64) - 1.0

    def choose(self, shares: NDArray[np.floating]) -> dict[str, str | float]:
        """See `Answer.choose`."""
        return {"label": self._name([index for index, share in enumerate(shares.tolist()) if share > 0.5])}

    def probabilities(self, logits: NDArray[np.floating]) -> NDArray[np.floating]:
        """See `Answer.probabilities`."""
        from scipy.special import expit

        return np.asarray(expit(logits))

    def predict(
        self, logits: NDArray[np.floating], *, texts: Sequence[str] = (), words: WordSpans | None = None
    ) -> Iterator[Prediction]:
        """See `Answer.predict`."""
        for row, raw in zip(self.probabilities(logits.astype(np.float64)).tolist(), logits.tolist(), strict=True):
            each = dict(zip(self.label_names, row, strict=True))
            held = tuple(name for name, share in each.items() if share > 0.5)
            yield Prediction(labels=held, probabilities=each, logits=dict(zip(self.label_names, raw, strict=True)))

    def table_cells(self, prediction: Prediction) -> list[Any]:
        """See `Answer.table_cells`."""
        return [";".join(prediction.labels or ()), *prediction.probabilities.values()]

    def tell(self, logits: Sequence[float], *, words: Sequence[str] = ()) -> Told:
        """See `Answer.tell`."""
        found = self._name([index for index, value in enumerate(logits) if value > 0])
        return Told(chosen=found, written=found)

    def name_gold(self, rows: LabelArray, *, words: Sequence[str] = ()) -> str | float:
        """See `Answer.name_gold`; all labels that are there, in the order of the task."""
        return self._name(np.flatnonzero(rows[0]).tolist())

    def measure_formulas(
        self, metrics: Sequence[str], logits: NDArray[np.floating], gold: LabelRows
    ) -> dict[str, float]:
        """See `Answer.measure_formulas`."""
        once, answers = np.ones((1, len(gold.values))), self.decide(logits)
        return {name: float(label_metric(name, answers, gold.values, times=once)[0]) for name in metrics}

    def resample_formula(
        self, metric: str, predictions: Sequence[NDArray[np.generic]], gold: LabelRows
    ) -> list[Floats]:
        """See `Answer.resample_formula`."""
        values = gold.values
        return resample_times(
            gold, predictions, lambda answers, times: label_metric(metric, answers, values, times=times)
        )

    def fidelity(self, student: NDArray[np.floating], teacher: NDArray[np.floating]) -> ClassFidelity:
        """See `Answer.fidelity`; both agree on a row if they agree on every label of it."""
        distance = float(self.distances(student, teacher).mean())
        return ClassFidelity(agreement=self.agreement(student, teacher), divergence=distance)

    def agreement(self, student: NDArray[np.floating], other: NDArray[np.floating]) -> float:
        """See `Answer.agreement`."""
        return float((self.decide(student) == self.decide(other)).all(axis=1).mean())

    def matches(
        self, decided: NDArray[np.generic], other: NDArray[np.generic], offsets: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """See `Answer.matches`; on a row where every label is the same."""
        return np.asarray((decided == other).all(axis=1))

    def confidence(self, logits: NDArray[np.floating], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
        """See `Answer.confidence`; the product over the labels, each of which holds or not."""
        return np.asarray(self.probabilities(np.abs(logits.astype(np.float64))).prod(axis=1), dtype=np.float64)

    def distances(self, student: NDArray[np.floating], teacher: NDArray[np.floating]) -> NDArray[np.float64]:
        """See `Answer.distances`."""
        return label_divergences(student, teacher)

    def spread(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """See `Answer.spread`; the entropy of all labels together."""
        return np.asarray(entropies(as_answers(logits)).reshape(logits.shape).sum(axis=1))

    def details(self, logits: NDArray[np.floating], gold: LabelRows) -> dict[str, Any]:
        """See `Answer.details`; each label is an answer, yes or no."""
        from scipy.special import softmax

        pairs = as_answers(logits)
        shares = softmax(pairs, axis=1).max(axis=1)
        is_right = pairs.argmax(axis=1) == gold.values.reshape(-1)
        tallies = Tallies.count_each(self.decide(logits), gold.values, times=np.ones((1, len(gold.values))))
        return {
            "calibration": measure_calibration(shares, is_right),
            "classes": measure_classes(self.label_names, tallies),
        }

    def floor(self, metrics: Sequence[str], logits: NDArray[np.floating], gold: LabelRows) -> Floor:
        """See `Answer.floor`; the primary metric of always answering the most frequent label."""
        primary = self.first_formula(metrics)
        always = np.zeros_like(logits)
        always[:, gold.values.sum(axis=0).argmax()] = 1.0
        return Floor(
            metric=primary,
            score=self.measure((primary,), logits, gold)[primary],
            floor=self.measure((primary,), always, gold)[primary],
            what="always answering the most frequent label",
        )

    def renumber(self, gold: LabelArray, places: NDArray[np.int64], label_names: tuple[str, ...]) -> LabelArray:
        """See `Answer.renumber`."""
        labels = np.zeros((len(gold), len(label_names)), dtype=np.float32)
        labels[:, places] = gold
        return labels

    def _name(self, indices: Sequence[int]) -> str:
        return write_labels([self.label_names[index] for index in indices])

    @staticmethod
    def _mark(names: Sequence[str], among: Sequence[str]) -> list[float]:
        there = set(names)
        return [float(name in there) for name in among]
