"""results.json: the one documented schema of what a run measured.

Every field carries its doc; `Results.model_json_schema()` gives the JSON schema, which lies in
`docs/results-schema.json`. Metrics are fractions here; tables print them times 100.
"""

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, JsonValue, model_validator

from potstill.config import Config
from potstill.errors import RecipeError, RunError
from potstill.files import write_json

__all__ = [
    "ClassFidelity",
    "Comparison",
    "Fidelity",
    "Interval",
    "ModelResult",
    "Parameters",
    "Precision",
    "Results",
    "Role",
    "ScoreFidelity",
    "Speed",
]

Role = Literal["model", "teacher", "student", "student_hard_labels", "student_random_start"]
Precision = Literal["fp32", "bf16", "fp16"]
Interval = tuple[float, float]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Count = Annotated[int, Field(ge=0)]


class ClassFidelity(Config):
    """How faithfully a classifier repeats its teacher on the evaluated examples."""

    kind: Literal["classes"] = "classes"
    """Marks the fidelity of a classifier."""
    agreement: Share
    """Share of examples on which both choose the same class."""
    divergence: float = Field(ge=0.0)
    """Mean KL(teacher || student) of the probabilities at temperature 1, in nats."""


class ScoreFidelity(Config):
    """How faithfully a regressor repeats its teacher on the evaluated examples."""

    kind: Literal["scores"] = "scores"
    """Marks the fidelity of a regressor."""
    pearson: float = Field(ge=-1.0, le=1.0)
    """Pearson's r between both models' scores; 0 where one is constant."""
    mean_absolute_difference: float = Field(ge=0.0)
    """Mean distance between both models' scores, in the unit of the labels."""


Fidelity = Annotated[ClassFidelity | ScoreFidelity, Field(discriminator="kind")]


class Parameters(Config):
    """Weights by what they are for; published figures count them by different conventions, so none is hidden."""

    embeddings: Count
    """Word, position and segment embeddings with their normalisation."""
    encoder: Count
    """The layers; what costs time."""
    pooler: Count
    """What turns token states into one state of the example, where the model has such a part."""
    head: Count
    """The classification or regression head."""
    total: Count
    """All of them; weights that are shared count once."""

    @model_validator(mode="after")
    def _adds_up(self) -> "Parameters":
        if self.embeddings + self.encoder + self.pooler + self.head != self.total:
            raise ValueError(f"the parts must add up to total = {self.total}")
        return self


class Speed(Config):
    """Throughput of the forward pass over length-sorted batches of the split: no tokenising, no loading."""

    sentences_per_second: float = Field(gt=0.0)
    """Median over the repeats."""
    slowest: float = Field(gt=0.0)
    """Sentences per second of the slowest repeat."""
    fastest: float = Field(gt=0.0)
    """Sentences per second of the fastest repeat."""
    num_repeats: int = Field(ge=1)
    """Timed passes, after one that was not timed."""
    num_sentences: int = Field(ge=1)
    """Examples in a pass; a pair of sentences counts as one."""
    device: str
    """Kind of device: `cpu`, `cuda`, `mps`."""
    num_threads: int = Field(ge=1)
    """Threads of PyTorch within one operation on the CPU."""
    precision: Precision
    """Number format of the matrix products."""


class ModelResult(Config):
    """What was measured of one model."""

    role: Role
    """Its part in the run: the `teacher`; the distilled `student`; the same start trained on gold labels alone
    (`student_hard_labels`); the same architecture from random weights, on gold labels alone
    (`student_random_start`); a `model` on its own."""
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
    parameters: Parameters
    """Number of weights."""
    size_bytes: int = Field(ge=1)
    """Bytes of the weights in a safetensors file."""
    speed: Speed | None = None
    """Throughput; absent where it was not measured."""
    training_seconds: float | None = Field(default=None, ge=0.0)
    """Wall time of the training in this run; absent where the model was not trained here."""

    @property
    def score(self) -> float:
        """The primary metric, as a fraction."""
        return next(iter(self.metrics.values()))


class Comparison(Config):
    """The student against another model, on the same examples."""

    other: Role
    """The model it is compared with."""
    difference: float
    """Primary metric of the student minus that of the other, as a fraction; above 0 the student is better."""
    interval: Interval
    """95 % interval of the difference, from a paired bootstrap over examples."""


class Results(Config):
    """Everything a run measured."""

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
    models: tuple[ModelResult, ...] = Field(min_length=1)
    """One entry for each evaluated model."""
    comparisons: tuple[Comparison, ...] = ()
    """The student against each other model."""
    environment: dict[str, JsonValue]
    """Versions and hardware, as in environment.json."""
    created: AwareDatetime
    """When the evaluation ended."""

    @model_validator(mode="after")
    def _has_primary_metric(self) -> "Results":
        for model in self.models:
            if next(iter(model.metrics), None) != self.primary_metric:
                raise ValueError(f"the first metric of {model.role} must be the primary one, {self.primary_metric}")
        return self

    def find(self, role: Role) -> ModelResult | None:
        """Find the model that has a role.

        Args:
            role: The role.

        Returns:
            The first such model, or None.
        """
        return next((model for model in self.models if model.role == role), None)

    def write(self, path: Path) -> None:
        """Write the results whole or not at all.

        Args:
            path: The file; its folder must exist.
        """
        write_json(path, self.model_dump(mode="json"))

    @classmethod
    def read(cls, path: Path) -> "Results":
        """Read what `write` wrote.

        Args:
            path: The file.

        Returns:
            The checked results.

        Raises:
            RunError: The file is missing, is not JSON, or does not follow the schema.
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise RunError(
                f"results file '{path}' cannot be read ({error.strerror}); a run writes it at its end, so finish the "
                "run with 'potstill distill' or name another run folder."
            ) from None
        except ValueError as error:
            raise RunError(f"results file '{path}' is not JSON ({error}); evaluate the run again.") from None
        if not isinstance(values, dict):
            raise RunError(f"results file '{path}' holds a {type(values).__name__}, not an object; evaluate again.")
        try:
            return cls.parse(values)
        except RecipeError as error:
            raise RunError(
                f"results file '{path}' does not follow schema version 1: {error} Evaluate the run again."
            ) from None
