"""results.json: the one documented schema of what a run measured.

Every field carries its doc; `Results.model_json_schema()` gives the JSON schema, which lies in
`docs/results-schema.json`. Metrics are fractions here; tables print them times 100.
"""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AwareDatetime, Field, JsonValue, model_validator

from potstill.config import Config
from potstill.results.figures import (
    BagOfWords,
    Calibration,
    ChosenWeights,
    ClassFigures,
    Fidelity,
    Interval,
    McNemar,
    Parameters,
    Role,
    Speed,
    TransferFigures,
)
from potstill.results.record import Record
from potstill.results.trust import Trust

if TYPE_CHECKING:
    from pandas import DataFrame


class ModelResult(Config):
    """What was measured of one model."""

    role: Role
    """Its part in the run: the `teacher`; the distilled `student`; a control, such as the same start trained on gold
    labels alone (`student_hard_labels`); a `model` on its own."""
    name: str
    """The model's hub name or the last part of its folder."""
    metrics: dict[str, float]
    """Metrics by name, as fractions; the primary one first."""
    interval: Interval
    """95 % interval of the primary metric over examples: Wilson for accuracy, percentile bootstrap for the others.
    It leaves out the spread between training seeds."""
    num_examples: int = Field(ge=1)
    """Examples that were evaluated."""
    other_splits: dict[str, dict[str, float]] = {}
    """Metrics on the task's further development sets, by the set's name (MNLI: `mismatched`); mostly empty."""
    fidelity: Fidelity | None = None
    """Likeness to the teacher; absent for the teacher and where there is none."""
    calibration: Calibration | None = None
    """Whether its probabilities can be believed; absent for scores."""
    classes: tuple[ClassFigures, ...] = ()
    """Figures of each class in the order of the labels; empty for scores."""
    confusion: dict[str, dict[str, Annotated[int, Field(ge=1)]]] = Field(default_factory=dict)
    """Number of examples by gold label, then by predicted label; what never occurred is left out."""
    parameters: Parameters
    """Number of weights; 0 for a teacher of which only answers are known."""
    size_bytes: int = Field(ge=1)
    """Bytes of the weights in a safetensors file, or of the teacher's answers."""
    speed: Speed | None = None
    """Throughput; absent where it was not measured."""
    training_seconds: float | None = Field(default=None, ge=0.0)
    """Wall time of the training in this run; absent where the model was not trained here."""
    chosen: tuple[ChosenWeights, ...] = ()
    """Which weights each stage of its training left, for stages that choose."""

    @property
    def has_weights(self) -> bool:
        """Whether it is a model; a teacher of which only answers are known has no weights, no size and no speed."""
        return self.parameters.total > 0

    @property
    def score(self) -> float:
        """The primary metric, as a fraction."""
        return next(iter(self.metrics.values()))


class Comparison(Config):
    """A model, mostly the student, against another one on the same examples."""

    model: Role = "student"
    """The model that is compared."""
    other: Role
    """The model it is compared with."""
    difference: float
    """Primary metric of the model minus that of the other, as a fraction; above 0 the model is better."""
    interval: Interval
    """95 % interval of the difference, from a paired bootstrap over examples."""
    share: float | None = None
    """Primary metric of the model divided by that of the other: the quality that was kept, where the other is the
    teacher. Absent where the other's metric is not above 0."""
    share_interval: Interval | None = None
    """95 % interval of the share, from the same bootstrap; absent where a resample of the other's metric is not
    above 0."""
    mcnemar: McNemar | None = None
    """Test of how often each was right where the other was wrong; absent for scores."""


class QuotedModel(Config):
    """What one model is worth on the test set."""

    role: Role
    """Its part in the run."""
    metrics: dict[str, float]
    """Metrics by name, as fractions; the primary one first."""
    interval: Interval
    """95 % interval of the primary metric over examples."""
    fidelity: Fidelity | None = None
    """Likeness to the teacher; absent for the teacher and where there is none."""

    @property
    def score(self) -> float:
        """The primary metric, as a fraction."""
        return next(iter(self.metrics.values()))


class QuotedResults(Config):
    """What the models are worth on labelled examples that chose nothing; these figures are the ones to quote."""

    split: str = "test"
    """The split, or the file."""
    num_examples: int = Field(ge=1)
    """Examples in the split."""
    models: tuple[QuotedModel, ...] = Field(min_length=1)
    """One entry for each evaluated model."""
    comparisons: tuple[Comparison, ...] = ()
    """The student against each other model."""
    between_controls: tuple[Comparison, ...] = ()
    """Each control against the next one, which lacks one thing more: what that thing was worth."""
    bag_of_words: BagOfWords | None = None
    """What the words alone tell; absent where it was not learnt."""

    def find(self, role: Role) -> QuotedModel | None:
        """Find the model that has a role.

        Args:
            role: The role.

        Returns:
            The first such model, or None.
        """
        return next((model for model in self.models if model.role == role), None)


ChosenOn = Literal["dev", "train", "nothing"]


class Results(Record):
    """Everything a run measured."""

    remedy: ClassVar[str] = (
        "without it, 'potstill distill RUN/recipe.json --resume' measures the run and writes it anew"
    )

    schema_version: Literal[1] = 1
    """Version of this schema."""
    task: str
    """Name of the task."""
    primary_metric: str
    """The metric that intervals and comparisons are about."""
    split: str = "dev"
    """The split that was evaluated."""
    num_examples: int = Field(ge=1)
    """Examples in the split."""
    reference: Literal["gold", "teacher"] = "gold"
    """What the models are measured against: gold labels or, where the split has none, the teacher's answers, so that
    every figure is agreement with the teacher."""
    models: tuple[ModelResult, ...] = Field(min_length=1)
    """One entry for each evaluated model."""
    chosen_on: ChosenOn | None = None
    """Which examples chose the weights of the models that were trained here: `dev`, whose figures are a little too good
    then; a part of `train`; `nothing`, as the last weights were taken. Absent where nobody knows."""
    comparisons: tuple[Comparison, ...] = ()
    """The student against each other model."""
    transfer: TransferFigures | None = None
    """What the student learnt from where that is more than the task's training examples; absent where it is not."""
    between_controls: tuple[Comparison, ...] = ()
    """Each control against the next one, which lacks one thing more: what that thing was worth."""
    bag_of_words: BagOfWords | None = None
    """What the words alone tell; absent where it was not learnt."""
    test: QuotedResults | None = None
    """The same models on a labelled test set, measured once at the end; absent where the data has none."""
    trust: Trust | None = None
    """On which of its answers the student, or the only model, can be believed, as in its trust.json; absent where it
    gives scores, or there are no texts to measure it on."""
    environment: dict[str, JsonValue]
    """Versions and hardware, as in environment.json."""
    created: AwareDatetime
    """When the evaluation ended."""

    @property
    def quoted(self) -> "QuotedResults | Results":
        """What is to be quoted: the figures on the test set where there is one, else those of the split."""
        return self.test or self

    @model_validator(mode="after")
    def _has_primary_metric(self) -> "Results":
        tested = () if self.test is None else self.test.models
        measured = [(model.role, model.metrics) for model in self.models]
        for role, metrics in [*measured, *((model.role, model.metrics) for model in tested)]:
            if next(iter(metrics), None) != self.primary_metric:
                raise ValueError(f"the first metric of {role} must be the primary one, {self.primary_metric}")
        return self

    def find(self, role: Role) -> ModelResult | None:
        """Find the model that has a role.

        Args:
            role: The role.

        Returns:
            The first such model, or None.
        """
        return next((model for model in self.models if model.role == role), None)

    def __str__(self) -> str:
        """Write the table that a run prints, and above it what is wrong with the models."""
        from potstill.results.run_table import make_table
        from potstill.results.warning import find_warnings

        return "\n".join([*find_warnings(self), str(make_table(self))])

    def _repr_html_(self) -> str:
        """Show the same in a notebook."""
        from potstill.results.run_table import show_results

        return show_results(self)

    def to_records(self) -> list[dict[str, Any]]:
        """Give one flat record for each model and split.

        Returns:
            Plain values by name: role, split, metrics, interval of the first one (`low`, `high`), likeness to the
            teacher, sizes and speed.
        """
        from potstill.results.records import list_records

        return list_records(self)

    def to_frame(self) -> "DataFrame":
        """Give the records as a data frame of pandas.

        Returns:
            A row for each model and split.
        """
        from pandas import DataFrame

        return DataFrame.from_records(self.to_records())
