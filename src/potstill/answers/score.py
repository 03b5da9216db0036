"""A score: one number without a name."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from potstill.answers.answer import Answer
from potstill.answers.column import LabelColumn
from potstill.answers.intervals import resample_rows
from potstill.answers.metrics import Floats, correlation, pearson
from potstill.answers.names import are_numbers, are_scores, have_decimal_commas, show
from potstill.answers.prediction import AnswerField, Prediction
from potstill.answers.rows import LabelArray, LabelRows
from potstill.answers.told import Floor, Told
from potstill.answers.told_answers import LARGEST, ToldAnswers, read_score
from potstill.answers.words import WordSpans
from potstill.errors import DataError
from potstill.results import ScoreFidelity


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Score(Answer):
    """A score; the answer is the only logit."""

    kind: ClassVar[str] = "regression"
    when: ClassVar[str] = "regression"
    config_fields: ClassVar[Mapping[str, str]] = {"problem_type": "regression"}
    has_names: ClassVar[bool] = False
    trained_to: ClassVar[str] = "to give a score"
    expects: ClassVar[str] = "each has a score"
    lacks_classes: ClassVar[str | None] = "is a regression"
    no_distribution: ClassVar[str | None] = "The task is a regression: its models give scores, not distributions."
    distance: ClassVar[str] = "distance"
    answers_with: ClassVar[AnswerField] = "score"
    is_number: ClassVar[bool] = True
    no_promise: ClassVar[str | None] = (
        "The task asks for scores, which are nearer or farther but not simply the same, so nothing is promised of them."
    )
    refuses_lists: ClassVar[bool] = True

    @property
    def default_metrics(self) -> tuple[str, ...]:
        """See `Answer.default_metrics`."""
        return ("spearman", "pearson")

    @property
    def formulas(self) -> tuple[str, ...]:
        """See `Answer.formulas`."""
        return ("spearman", "pearson", "pearson_spearman")

    @property
    def table_columns(self) -> list[str]:
        """See `Answer.table_columns`."""
        return ["score"]

    @classmethod
    def claims(cls, column: LabelColumn) -> bool:
        """See `Answer.claims`; fractional numbers are scores."""
        if column.class_names or column.holds_lists or column.separator is not None:
            return False
        return not column.known and are_scores(set(column.names()))

    @classmethod
    def learn(cls, column: LabelColumn) -> "Score":
        """See `Answer.learn`."""
        names = column.names()
        if len(set(names)) < 2:
            raise DataError(f"{column.place}: every label is '{names[0]}'; at least two different ones are needed.")
        return cls()

    def encode(self, column: LabelColumn) -> LabelRows:
        """See `Answer.encode`."""
        names = column.names()
        for place, name in enumerate(names):
            if not are_numbers([name]):
                advice = f"; write {name.replace(',', '.')}" if have_decimal_commas([name]) else ""
                raise DataError(
                    f"{column.row(place)} has the label {show(name)}, which is not a number, as a score must "
                    f"be{advice}."
                )
            if not abs(float(name)) <= LARGEST:
                raise DataError(f"{column.row(place)} has the label {show(name)}, which is too large for a score.")
        return self.pack([float(name) for name in names])

    def read_answers(self, told: ToldAnswers) -> NDArray[np.float32]:
        """See `Answer.read_answers`; of several judges the mean."""

        def read(cell: Any) -> NDArray[np.float32]:  # noqa: ANN401 - a cell of a file
            if told.form not in ("label", "votes"):
                raise ValueError("where a score is wanted; name its column 'score'")
            judges = cell if told.form == "votes" and isinstance(cell, list | tuple) else [cell]
            return np.array([np.mean([read_score(judge) for judge in judges])], dtype=np.float32)

        return told.read(read, num_labels=1)

    def complete_answers(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Answer.complete_answers`; a score is told or not."""
        return rows

    def is_labelled(self, column: LabelColumn) -> bool:
        """See `Answer.is_labelled`."""
        return column.has_names

    def read_value(self, cell: str, values: Sequence[str]) -> float | None:
        """See `Answer.read_value`."""
        try:
            value = float(cell)
        except ValueError:
            return None
        return value if math.isfinite(value) else None

    def unusable(self, cell: str, values: Sequence[str]) -> str:
        """See `Answer.unusable`."""
        return f"score '{cell}', which is not a finite number"

    def write_value(self, decided: Any, values: Sequence[str], limits: tuple[float, float] | None) -> str:  # noqa: ANN401
        """See `Answer.write_value`."""
        low, high = limits or (-math.inf, math.inf)
        return f"{min(max(float(decided), low), high):.3f}"

    def pack(self, values: Sequence[Any]) -> LabelRows:
        """See `Answer.pack`."""
        return LabelRows.one_each(np.array(values, dtype=np.float32))

    def decide(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """See `Answer.decide`."""
        return np.asarray(logits[:, 0], dtype=np.float64)

    def targets(self, gold: LabelRows) -> NDArray[np.float64]:
        """See `Answer.targets`."""
        return gold.values.astype(np.float64)[:, None]

    def choose(self, shares: NDArray[np.floating]) -> dict[str, str | float]:
        """See `Answer.choose`."""
        return {"label": float(shares[0])}

    def probabilities(self, logits: NDArray[np.floating]) -> NDArray[np.floating]:
        """See `Answer.probabilities`."""
        return logits

    def predict(
        self, logits: NDArray[np.floating], *, texts: Sequence[str] = (), words: WordSpans | None = None
    ) -> Iterator[Prediction]:
        """See `Answer.predict`."""
        yield from (Prediction(probabilities={}, score=float(row[0])) for row in logits)

    def table_cells(self, prediction: Prediction) -> list[Any]:
        """See `Answer.table_cells`."""
        return [prediction.score]

    def tell(self, logits: Sequence[float], *, words: Sequence[str] = ()) -> Told:
        """See `Answer.tell`."""
        return Told(chosen=None, written=f"{logits[0]:.2f}")

    def name_gold(self, rows: LabelArray, *, words: Sequence[str] = ()) -> str | float:
        """See `Answer.name_gold`."""
        return float(rows[0])

    def measure_formulas(
        self, metrics: Sequence[str], logits: NDArray[np.floating], gold: LabelRows
    ) -> dict[str, float]:
        """See `Answer.measure_formulas`."""
        scores = self.decide(logits)
        return {name: float(correlation(name, scores, gold.values)) for name in metrics}

    def resample_formula(
        self, metric: str, predictions: Sequence[NDArray[np.generic]], gold: LabelRows
    ) -> list[Floats]:
        """See `Answer.resample_formula`."""
        return resample_rows(gold, predictions, lambda scores, values: correlation(metric, scores, values))

    def standard_error(self, metric: str, logits: NDArray[np.floating], gold: LabelRows) -> float:
        """See `Answer.standard_error`; of a correlation r, (1 - r^2) / sqrt(examples - 1), without resamples."""
        if metric not in self.formulas:
            return Answer.standard_error(self, metric, logits, gold)
        value = self.measure((metric,), logits, gold)[metric]
        return max(0.0, 1 - value**2) / math.sqrt(max(1, len(gold) - 1))

    def fidelity(self, student: NDArray[np.floating], teacher: NDArray[np.floating]) -> ScoreFidelity:
        """See `Answer.fidelity`."""
        assert student.shape == teacher.shape, (student.shape, teacher.shape)
        return ScoreFidelity(
            pearson=float(pearson(self.decide(student), self.decide(teacher))),
            mean_absolute_difference=float(self.distances(student, teacher).mean()),
        )

    def agreement(self, student: NDArray[np.floating], other: NDArray[np.floating]) -> None:
        """See `Answer.agreement`."""

    def matches(
        self, decided: NDArray[np.generic], other: NDArray[np.generic], offsets: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """See `Answer.matches`; exactly the same score."""
        return np.asarray(decided == other)

    def confidence(self, logits: NDArray[np.floating], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
        """See `Answer.confidence`."""
        return np.full(len(logits), np.nan)

    def distances(self, student: NDArray[np.floating], teacher: NDArray[np.floating]) -> NDArray[np.float64]:
        """See `Answer.distances`."""
        return np.asarray(np.abs(student[:, 0].astype(np.float64) - teacher[:, 0]))

    def spread(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """See `Answer.spread`; the score."""
        return self.decide(logits)

    def details(self, logits: NDArray[np.floating], gold: LabelRows) -> dict[str, Any]:
        """See `Answer.details`."""
        return {}

    def floor(self, metrics: Sequence[str], logits: NDArray[np.floating], gold: LabelRows) -> Floor:
        """See `Answer.floor`; 2 / sqrt(examples), at most 0.5, which random scores exceed about once in 40 times."""
        primary = self.first_formula(metrics)
        return Floor(
            metric=primary,
            score=self.measure((primary,), logits, gold)[primary],
            floor=min(0.5, 2.0 / len(gold) ** 0.5),  # two standard deviations of a correlation by chance
            what="scores drawn at random often are",
        )

    def renumber(self, gold: LabelArray, places: NDArray[np.int64], label_names: tuple[str, ...]) -> LabelArray:
        """See `Answer.renumber`."""
        return gold
