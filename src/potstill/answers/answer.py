"""What a task asks of a text: the frame of every kind of answer."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from potstill.answers.column import LabelColumn
from potstill.answers.intervals import NORMAL_QUANTILE, PairedIntervals, middle
from potstill.answers.metric import choose_metrics, measure_own, resample_own
from potstill.answers.metrics import Floats
from potstill.answers.prediction import AnswerField, Prediction
from potstill.answers.rows import LabelArray, LabelRows
from potstill.answers.told import Floor, Told
from potstill.answers.told_answers import ToldAnswers
from potstill.answers.words import Piece, WordSpans
from potstill.results import ClassFidelity, McNemar, ScoreFidelity


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(ABC):
    """A kind of answer, with the labels of a task; all that differs between kinds is here and nowhere else.

    Logits are [rows, labels]; a text is one row, unless the kind says otherwise.

    Attributes:
        label_names: Names of the labels in the order of the logits; empty where logits have no names.
    """

    kind: ClassVar[str]
    """Its word in `data.kind` and in files."""
    when: ClassVar[str]
    """The word in an objective's `when` that asks for it."""
    config_fields: ClassVar[Mapping[str, str]]
    """Fields of a saved model's config that tell it from other kinds."""
    row: ClassVar[Literal["text", "word"]] = "text"
    """What a row of logits is about."""
    pipeline_tag: ClassVar[str] = "text-classification"
    """What the hub calls the task."""
    has_names: ClassVar[bool] = True
    """Whether its logits have names."""
    has_independent_labels: ClassVar[bool] = False
    """Whether several labels may hold at once."""
    trained_to: ClassVar[str]
    """What a model of it was trained to do, in words."""
    expects: ClassVar[str]
    """What stands with a text, in words."""
    lacks_classes: ClassVar[str | None] = None
    """Why there are no classes of which exactly one holds, in words; None where there are."""
    forbids_new_texts: ClassVar[str | None] = None
    """What texts cannot be varied, in words; None where they can."""
    no_distribution: ClassVar[str | None] = None
    """Why a page draws no distribution over the labels, in a sentence; None where it does."""
    distance: ClassVar[str] = "KL"
    """What `distances` are called."""
    is_number: ClassVar[bool] = False
    """Whether answers are numbers, to be drawn over the gold ones."""
    answers_with: ClassVar[AnswerField] = "label"
    """The field of a `Prediction` that holds its answer."""
    takes_separator: ClassVar[bool] = False
    """Whether a cell of a file may hold several labels."""
    no_promise: ClassVar[str | None] = None
    """Why it cannot be promised that answers agree, in a sentence; None where it can."""
    refuses_lists: ClassVar[bool] = False
    """Whether cells that are lists of labels are a mistake."""

    label_names: tuple[str, ...] = ()

    @property
    def num_labels(self) -> int:
        """Width of the logits."""
        return max(1, len(self.label_names))

    @property
    @abstractmethod
    def default_metrics(self) -> tuple[str, ...]:
        """What is measured where a task does not say; the primary one first."""

    @property
    @abstractmethod
    def formulas(self) -> tuple[str, ...]:
        """The metrics of which `measure_formulas` and `resample_formula` know the formula."""

    @property
    @abstractmethod
    def table_columns(self) -> list[str]:
        """Name the columns of `table_cells`."""

    @classmethod
    def find_words(cls, texts: Sequence[str]) -> WordSpans | None:  # noqa: ARG003
        """Find the words of texts, each of which is a row; None where a text is one."""
        return None

    @classmethod
    def claims(cls, column: LabelColumn) -> bool:
        """Say whether labels that nobody describes are of this kind."""
        return False

    @classmethod
    @abstractmethod
    def learn(cls, column: LabelColumn) -> "Answer":
        """Find out which labels there are."""

    @abstractmethod
    def encode(self, column: LabelColumn) -> LabelRows:
        """Read the labels of a column."""

    @abstractmethod
    def is_labelled(self, column: LabelColumn) -> bool:
        """Say whether any cell of a column has a label."""

    def describe(self, labels: LabelRows) -> list[str]:  # noqa: ARG002
        """Say how labels are understood, where names alone do not say it; a clause each."""
        return []

    @abstractmethod
    def read_answers(self, told: ToldAnswers) -> NDArray[np.float32]:
        """Read what somebody says about texts as logits, [rows, labels]; what is not told is NaN."""

    @abstractmethod
    def complete_answers(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Put numbers in the places of what is not told in rows of `read_answers` that tell something."""

    @abstractmethod
    def read_value(self, cell: str, values: Sequence[str]) -> Any:  # noqa: ANN401 - an entry of `LabelArray`
        """Read a benchmark's cell, with what it writes for each label; None where the cell is none of its labels."""

    @abstractmethod
    def unusable(self, cell: str, values: Sequence[str]) -> str:
        """Say what is wrong with a cell of which `read_value` makes nothing."""

    @abstractmethod
    def write_value(self, decided: Any, values: Sequence[str], limits: tuple[float, float] | None) -> str:  # noqa: ANN401
        """Write an entry of `decide` as a benchmark does, a score within its limits."""

    @abstractmethod
    def pack(self, values: Sequence[Any]) -> LabelRows:
        """Put results of `read_value` together, one for each example."""

    @abstractmethod
    def decide(self, logits: NDArray[np.floating]) -> NDArray[np.generic]:
        """Turn logits into answers, of the shape of `LabelArray`."""

    @abstractmethod
    def targets(self, gold: LabelRows) -> NDArray[np.float64]:
        """Write labels as numbers that least squares can be fitted to and `decide` understands, [rows, labels]."""

    @abstractmethod
    def choose(self, shares: NDArray[np.floating]) -> dict[str, str | float]:
        """Turn a row of `probabilities` into the label of a new text, with its probability where it has one."""

    @abstractmethod
    def probabilities(self, logits: NDArray[np.floating]) -> NDArray[np.floating]:
        """Turn logits into probabilities, [rows, labels]; scores stay what they are."""

    @abstractmethod
    def predict(
        self, logits: NDArray[np.floating], *, texts: Sequence[str] = (), words: WordSpans | None = None
    ) -> Iterator[Prediction]:
        """Turn logits into what a user of the model gets, one for each text; where rows are words, with these."""

    @property
    def empty_prediction(self) -> Prediction:
        """What a user of the model gets for a text without a word."""
        return Prediction(probabilities={}, missing=self.answers_with)

    @abstractmethod
    def table_cells(self, prediction: Prediction) -> list[Any]:
        """Write a prediction as the cells of a table."""

    @abstractmethod
    def tell(self, logits: Sequence[float], *, words: Sequence[str] = ()) -> Told:
        """Tell what the logits of a text, all of its rows, say; where rows are words, of these."""

    @abstractmethod
    def name_gold(self, rows: LabelArray, *, words: Sequence[str] = ()) -> str | float:
        """Tell the gold labels of one example by their names, or its score; where rows are words, with these."""

    def choose_metrics(self, wanted: Sequence[str], *, path: str) -> tuple[str, ...]:
        """Say what is measured, the primary one first.

        Args:
            wanted: Names of metrics, of ours or of one's own; empty: the default ones.
            path: Where they were named.

        Returns:
            The names.

        Raises:
            DataError: One is unknown, does not fit this kind of answer, or stands twice.
        """
        return choose_metrics(wanted, self.formulas, self.kind, path=path) if wanted else self.default_metrics

    def measure(self, metrics: Sequence[str], logits: NDArray[np.floating], gold: LabelRows) -> dict[str, float]:
        """Measure answers against the gold labels of at least one example.

        Args:
            metrics: What is measured.
            logits: Outputs of the head, [rows, labels].
            gold: The gold labels.

        Returns:
            Metrics by name in the order wanted, as fractions: accuracy and F1 in 0 .. 1, correlations in -1 .. 1.
            Answers or labels that are all the same give 0 for Matthews, Pearson and Spearman.
        """
        known = self.measure_formulas([name for name in metrics if name in self.formulas], logits, gold)
        decided = self.decide(logits)
        return {name: known[name] if name in known else measure_own(name, decided, gold) for name in metrics}

    def resample(self, metric: str, predictions: Sequence[NDArray[np.generic]], gold: LabelRows) -> list[Floats]:
        """Score the answers of each model on the same 1,000 resamples of the examples, drawn with a fixed seed."""
        if metric in self.formulas:
            return self.resample_formula(metric, predictions, gold)
        return resample_own(metric, predictions, gold)

    @abstractmethod
    def measure_formulas(
        self, metrics: Sequence[str], logits: NDArray[np.floating], gold: LabelRows
    ) -> dict[str, float]:
        """Do what `measure` says, for metrics among `formulas`."""

    @abstractmethod
    def resample_formula(
        self, metric: str, predictions: Sequence[NDArray[np.generic]], gold: LabelRows
    ) -> list[Floats]:
        """Do what `resample` says, for a metric among `formulas`."""

    def first_formula(self, metrics: Sequence[str]) -> str:
        """Choose the metric for which chance is known: the first that has a formula, or else the default one."""
        return next((name for name in metrics if name in self.formulas), self.default_metrics[0])

    def interval(self, metric: str, logits: NDArray[np.floating], gold: LabelRows) -> tuple[float, float]:
        """Give the 95 % interval of a metric.

        Args:
            metric: Which.
            logits: Outputs of the head, [rows, labels].
            gold: The gold labels of at least one example.

        Returns:
            Lower and upper end. For accuracy of examples with one row each Wilson's score interval; for the others the
            middle 95 % of 1,000 bootstrap resamples of the examples.

        Paper:
            Efron 1979, doi:10.1214/aos/1176344552.
        """
        exact = self.exact_interval(metric, logits, gold)
        return exact or middle(self.resample(metric, [self.decide(logits)], gold)[0])

    def standard_error(self, metric: str, logits: NDArray[np.floating], gold: LabelRows) -> float:
        """Give the standard error of a metric: how far another sample of examples might well have moved it.

        Args:
            metric: Which.
            logits: Outputs of the head, [rows, labels].
            gold: The gold labels of at least one example.

        Returns:
            The width of the 95 % interval / 3.92. A metric of one's own, which may be slow to resample, is taken as a
            share of the examples: sqrt(share (1 - share) / examples); 0 where it is none.
        """
        if metric in self.formulas:
            low, high = self.interval(metric, logits, gold)
            return (high - low) / (2 * NORMAL_QUANTILE)
        share = self.measure((metric,), logits, gold)[metric]
        return math.sqrt(max(0.0, share * (1 - share)) / len(gold))

    def exact_interval(
        self,
        metric: str,
        logits: NDArray[np.floating],
        gold: LabelRows,
    ) -> tuple[float, float] | None:
        """Give the interval of a metric for which there is a formula; None where there is none."""
        return None

    def paired_intervals(
        self, metric: str, student: NDArray[np.floating], other: NDArray[np.floating], gold: LabelRows
    ) -> PairedIntervals:
        """Give the 95 % intervals of the difference between two models on the same examples, and of their ratio.

        Both are scored on the same resamples, so what is hard for both cancels out and the interval is narrower than
        their separate ones suggest.

        Args:
            metric: Which.
            student: Logits of the student, [rows, labels].
            other: Logits of the model it is compared with, same shape.
            gold: The gold labels of at least one example.

        Returns:
            The middle 95 % of 1,000 bootstrap resamples.
        """
        first, second = self.resample(metric, [self.decide(student), self.decide(other)], gold)
        share = middle(first / second) if bool((second > 0).all()) else None
        return PairedIntervals(difference=middle(first - second), share=share)

    def mcnemar(
        self,
        student: NDArray[np.floating],
        other: NDArray[np.floating],
        gold: LabelRows,
    ) -> McNemar | None:
        """Test whether two models are equally often right; None where no answer is simply right or wrong."""
        return None

    @abstractmethod
    def fidelity(self, student: NDArray[np.floating], teacher: NDArray[np.floating]) -> ClassFidelity | ScoreFidelity:
        """Say how faithfully a student repeats its teacher on the same rows."""

    @abstractmethod
    def agreement(self, student: NDArray[np.floating], other: NDArray[np.floating]) -> float | None:
        """Give the share of rows on which both answer the same; None for scores."""

    @abstractmethod
    def matches(
        self, decided: NDArray[np.generic], other: NDArray[np.generic], offsets: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Say of each text, all of its rows, whether two results of `decide`, or one and gold labels, agree."""

    @abstractmethod
    def confidence(self, logits: NDArray[np.floating], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
        """Say how sure a model is of its answer to each text, in 0 .. 1; where there is `no_promise`, NaN."""

    @abstractmethod
    def distances(self, student: NDArray[np.floating], teacher: NDArray[np.floating]) -> NDArray[np.float64]:
        """Say how far apart both are on each row."""

    @abstractmethod
    def spread(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """Give each row the figure by which examples are ordered before some at even distances are shown."""

    @abstractmethod
    def details(self, logits: NDArray[np.floating], gold: LabelRows) -> dict[str, Any]:
        """Measure further fields of `ModelResult`: calibration, figures of each class, confusion."""

    def mistakes(self, logits: NDArray[np.floating], gold: LabelRows) -> dict[str, int]:  # noqa: ARG002
        """Count in which ways answers go with the gold ones; nothing where one is simply right or wrong."""
        return {}

    def free_words(self, labels: LabelArray) -> NDArray[np.bool_] | None:  # noqa: ARG002
        """Say of labels of words in whose place another word may stand; None where a text is varied as a whole."""
        return None

    def mark(self, text: str, words: Sequence[str], rows: NDArray[np.generic]) -> tuple[Piece, ...]:  # noqa: ARG002
        """Cut a text where labels of its words begin and end; nothing where a text is one row."""
        return ()

    @abstractmethod
    def floor(self, metrics: Sequence[str], logits: NDArray[np.floating], gold: LabelRows) -> Floor:
        """Say what a model has to beat to be worth following."""

    def strata(self, gold: LabelRows) -> NDArray[np.int64] | None:
        """Give the class of each example, where splits keep every class in proportion."""
        return None

    @abstractmethod
    def renumber(self, gold: LabelArray, places: NDArray[np.int64], label_names: tuple[str, ...]) -> LabelArray:
        """Write gold labels by more label names, among which label i stands at `places[i]`."""
