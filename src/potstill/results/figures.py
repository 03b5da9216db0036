"""The figures that results.json is made of, one record for each kind."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from potstill.config import Config
from potstill.controls import known_controls


def _is_known(role: str) -> str:
    if role not in _roles():
        raise ValueError(f"'{role}' is no part of a run; one of {', '.join(_roles())}")
    return role


def _roles() -> tuple[str, ...]:
    return ("model", "teacher", "student", *(control.role for control in known_controls()))


Role = Annotated[str, AfterValidator(_is_known), WithJsonSchema({"type": "string", "enum": list(_roles())})]
"""A model's part in a run; each control has one of its own."""
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


class CalibrationBin(Config):
    """Examples whose confidence, the probability of the chosen class, lies in (low, high]."""

    low: Share
    """Lower end, which does not belong to the bin."""
    high: Share
    """Upper end, which does."""
    num_examples: int = Field(ge=1)
    """Examples in the bin; empty bins are left out."""
    confidence: Share
    """Their mean confidence."""
    accuracy: Share
    """Share of them that were right."""


class Calibration(Config):
    """Whether a classifier is right as often as it says; at temperature 1."""

    error: Share
    """Expected calibration error: mean over examples of |accuracy - confidence| of their bin."""
    num_bins: int = Field(ge=1)
    """Bins of equal width into which 0 .. 1 was cut."""
    bins: tuple[CalibrationBin, ...]
    """The reliability curve: bins that hold an example, the lowest first."""


class ClassFigures(Config):
    """How well one class is found."""

    label: str
    """Name of the class."""
    precision: Share
    """Share of the examples predicted as the class that are of it; 0 where none was predicted."""
    recall: Share
    """Share of the examples of the class that were predicted as it; 0 where there is none."""
    f1: Share
    """Harmonic mean of both; 0 where the class neither occurs nor was predicted."""
    support: Count
    """Examples of the class."""


class McNemar(Config):
    """McNemar's exact test of two classifiers on the same examples."""

    only_student: Count
    """Examples on which the student alone was right."""
    only_other: Count
    """Examples on which the other alone was right."""
    p_value: Share
    """Probability of a split at least as uneven if both were equally good; two-sided, 1 where both counts are 0."""


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
    """The head on top."""
    total: Count
    """All of them; weights that are shared count once."""

    @model_validator(mode="after")
    def _adds_up(self) -> "Parameters":
        if self.embeddings + self.encoder + self.pooler + self.head != self.total:
            raise ValueError(f"the parts must add up to total = {self.total}")
        return self


class TransferFigures(Config):
    """What became of the texts that lie beside the labelled ones."""

    num_labelled: Count
    """Texts with a gold label that are learnt from."""
    num_unlabeled: Count
    """Texts without one that are learnt from."""
    num_augmented: Count = 0
    """Texts made by augmentation that are learnt from."""
    num_empty: Count = 0
    """Left out: no text."""
    num_repeated: Count = 0
    """Left out: equal to one before, case, white space and Unicode form apart."""
    num_in_train: Count = 0
    """Left out: equal to a labelled one."""
    num_measured_on: Count = 0
    """Left out: equal to one that is measured on."""
    num_near_measured_on: Count = 0
    """Left out: nearly equal to one that is measured on, with at least 0.8 of all pieces of 5 characters in common."""
    num_held_out: Count = 0
    """Left out: held out, to find out when the student can be trusted."""
    num_near: Count = 0
    """About so many unlabelled texts that are learnt from are nearly equal to one before, or to a labelled one."""

    def tell(self) -> str:
        """Tell in a sentence what was learnt from, and what was left out."""
        more = f" and {self.num_augmented:,} augmented" if self.num_augmented else ""
        told = f"learnt from {self.num_labelled:,} labelled, {self.num_unlabeled:,} unlabelled{more} texts"
        if self.num_near:
            told += f", about {self.num_near:,} of them nearly equal to another"
        left_out = {
            "that are measured on": self.num_measured_on,
            "nearly equal to one that is measured on": self.num_near_measured_on,
            "equal to a labelled one": self.num_in_train,
            "equal to another": self.num_repeated,
            "held out to find when to trust it": self.num_held_out,
            "empty": self.num_empty,
        }
        parts = [f"{count:,} {what}" for what, count in left_out.items() if count]
        return f"{told}; left out: {', '.join(parts)}" if parts else told


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


class BagOfWords(Config):
    """What the words of a text tell without their order: least squares on TF-IDF of words and of two in a row."""

    score: float
    """Its primary metric on the split."""
    num_texts: Count
    """Training texts that it was learnt from."""
    model: Role
    """The model that is held against it: the teacher, or what was fine-tuned."""
    lead: float
    """Primary metric of that model minus its own, as a fraction."""
    interval: Interval
    """95 % interval of the lead, from a paired bootstrap over examples."""


class ChosenWeights(Config):
    """Which weights of a stage went on, of those that were scored on its way."""

    stage: str
    """The stage."""
    step: int = Field(ge=0)
    """Optimizer steps made when the weights were scored."""
    num_steps: int = Field(ge=1)
    """Optimizer steps that the stage made."""
    epoch: float | None = None
    """Passes over the training examples made then; absent in runs of an older version."""
    score: float
    """Primary metric of the weights, on the examples that choose."""
    highest: float
    """Highest score of the stage."""
    last: float
    """Score of the last weights of the stage."""
    num_scorings: int = Field(ge=1)
    """How often the stage was scored."""
    margin: float = Field(default=0.0, ge=0.0)
    """Standard error of the highest score. Scores that are nearer to it cannot be told apart: of their weights those
    were taken that were nearest to the teacher's answers, or the latest without a teacher."""
    is_rising: bool = False
    """Whether the last scoring was the highest, below 1, and more than the margin above all of the first half, so that
    more steps might give a higher one."""
