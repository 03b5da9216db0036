"""What a stage of a recipe says about its training."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from potstill.config import Config
from potstill.data import BatchConfig
from potstill.objectives import AnyObjectiveConfig
from potstill.training.masking import MaskingConfig
from potstill.training.optimizer import AdamWConfig, AnyOptimizerConfig

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Epochs = Annotated[float, Field(gt=0.0, le=10_000.0)]


class ScheduleConfig(Config):
    """How the learning rate moves over the optimizer steps of a stage."""

    kind: Literal["linear", "constant", "linear_from_zero"] = "linear"
    """`linear` falls to zero at the end, `constant` stays after the warm-up, `linear_from_zero` is `linear` with a
    first step of rate 0, as in the published code of BERT, TinyBERT and PKD."""
    warmup: Fraction = 0.1
    """Share of the steps over which the rate rises from zero."""

    def multiplier(self, step: int, total: int) -> float:
        """Give the factor of the learning rate for a step.

        Example:
            >>> ScheduleConfig(warmup=0.5).multiplier(0, 4)
            0.5
            >>> ScheduleConfig(warmup=0.0).multiplier(3, 4)
            0.25
            >>> ScheduleConfig(kind="linear_from_zero", warmup=0.5).multiplier(1, 4)
            0.5
        """
        if self.kind == "linear_from_zero":
            done = step / total
            return done / self.warmup if done < self.warmup else (done - 1.0) / (self.warmup - 1.0)
        warmup_steps = round(self.warmup * total)
        if step < warmup_steps:
            return (step + 1) / warmup_steps
        if self.kind == "constant":
            return 1.0
        return (total - step) / max(1, total - warmup_steps)


class CheckpointConfig(Config):
    """When a run can be taken up again."""

    every_steps: int | None = Field(default=None, ge=1)
    """Optimizer steps between checkpoints, beside those at every evaluation; absent: at evaluations only."""
    keep: int = Field(default=2, ge=1)
    """How many of the newest are kept; older ones go when the newest was read back whole."""


class TrackingConfig(Config):
    """Where figures go beside events.jsonl."""

    trackers: tuple[Literal["tensorboard", "wandb", "mlflow", "trackio"], ...] = ()
    """Experiment trackers, each an installed package, driven through Accelerate."""
    every_steps: int = Field(default=20, ge=1)
    """Optimizer steps between two logged losses; each is the mean over the steps since the last."""


class BoundedEpochs(Config):
    """Passes over the training examples, with bounds that hold for few examples and for many."""

    passes: Epochs
    """Passes over the training examples."""
    min_steps: int = Field(default=1, ge=1)
    """At least so many optimizer steps, however few the examples: more passes are made."""
    max_steps: int | None = Field(default=None, ge=1)
    """At most so many, however many the examples; absent: no such bound."""

    @model_validator(mode="after")
    def _has_room(self) -> "BoundedEpochs":
        if self.max_steps is not None and self.min_steps > self.max_steps:
            raise ValueError(f"min_steps ({self.min_steps}) is more than max_steps ({self.max_steps})")
        return self


class TransferShares(Config):
    """How much of a pass comes from each kind of text, in parts of any sum; kinds that are not there count nothing."""

    task: float = Field(default=0.0, ge=0.0)
    """The task's own texts, those with gold labels."""
    unlabeled: float = Field(default=0.0, ge=0.0)
    """Unlabelled texts."""
    augmented: float = Field(default=0.0, ge=0.0)
    """Texts that augmentation made."""

    @model_validator(mode="after")
    def _leaves_some(self) -> "TransferShares":
        if not self.task + self.unlabeled + self.augmented > 0.0:
            raise ValueError("task, unlabeled and augmented are all 0, so nothing is read; set one of them above 0")
        return self


class StageConfig(Config):
    """One stage: its data, its objectives and its schedule."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    """Names the stage in `--set`, events and reports."""
    data: Literal["task", "transfer", "augmented", "corpus"] = "task"
    """What is read: the task's training examples; `transfer`, these and all other texts that there are, unlabelled
    (`--unlabeled`) or made by augmentation; texts made out of the examples, as the recipe's table `augmentation` says;
    or plain text (`--corpus`), from which the student learns before the task. Stages on a corpus come first and follow
    the pre-trained `teacher.base`."""
    shares: TransferShares | None = None
    """With `data = "transfer"`, such as `{task = 1, unlabeled = 3}`: a pass is as long as without, but so much of it
    comes from each kind of text; texts of which it does not have all take turns over the passes. Absent: each text
    once. A stage that follows nobody reads labelled texts alone in any case."""
    optional: bool = False
    """Leave the stage out, with a note, where its objectives ask for what teacher or student have not, such as layers
    that can be compared. The last stage is always made."""
    masking: MaskingConfig | None = None
    """On a corpus: which tokens are hidden from student and teacher; absent: none."""
    objectives: Annotated[tuple[AnyObjectiveConfig, ...], Field(min_length=1)]
    """What the student is trained towards; the stage's loss is their weighted sum."""
    epochs: Epochs | BoundedEpochs | None = None
    """Passes over the training examples; the last may be a part of one. A table bounds them in steps, such as
    `{passes = 5, min_steps = 500}`. Exactly one of epochs and steps."""
    steps: int | None = Field(default=None, ge=1)
    """Optimizer steps."""
    batches: BatchConfig = BatchConfig()
    """How examples are put together."""
    accumulate: int = Field(default=1, ge=1)
    """Batches that make one optimizer step; the gradient is the mean over all their examples."""
    optimizer: AnyOptimizerConfig = AdamWConfig()
    """What turns gradients into steps; `adamw` where no kind is named."""
    trial_steps: int = Field(default=80, ge=1)
    """Where the optimizer names several learning rates: steps of each of the short trainings, at most as many as the
    stage has, on four fifths of its examples; the rate with the lowest loss on the rest (1,000 at most) is taken."""
    schedule: ScheduleConfig = ScheduleConfig()
    """Course of the learning rate."""
    clip_norm: float | None = Field(default=1.0, gt=0.0)
    """Largest norm of the gradient; absent: no clipping."""
    clip_scope: Literal["global", "tensor"] = "global"
    """What `clip_norm` bounds: the gradient of all weights together, or of each tensor by itself, as in the published
    code of BERT."""
    evaluations_per_epoch: int = Field(default=1, ge=1)
    """How often the student is scored on the examples that `data.select_on` names; the end of the stage always is."""
    evaluations: int | None = Field(default=None, ge=1)
    """How often it is scored over the whole stage, at equal distances; absent: as `evaluations_per_epoch` says."""
    select: Literal["best", "last"] = "best"
    """Which weights go on: the last, or the best by the task's first metric. Scores within one standard error of the
    highest cannot be told apart: of these weights those go on whose answers diverge least from the teacher's, or the
    latest where the stage follows none."""
    patience: int | None = Field(default=None, ge=1)
    """Evaluations without a better score after which the stage ends early; absent: never."""

    @model_validator(mode="before")
    @classmethod
    def _has_adamw(cls, values: Any) -> Any:  # noqa: ANN401 - what a recipe holds, checked afterwards
        optimizer = values.get("optimizer") if isinstance(values, dict) else None
        if isinstance(optimizer, dict) and "kind" not in optimizer:
            return {**values, "optimizer": {"kind": "adamw", **optimizer}}
        return values

    @model_validator(mode="after")
    def _has_one_length(self) -> "StageConfig":
        if self.epochs is None and self.steps is None:
            raise ValueError("epochs and steps are both none; set one of them")
        if self.epochs is not None and self.steps is not None:
            raise ValueError(f"set exactly one of epochs ({self.epochs}) and steps ({self.steps}), the other to none")
        if self.patience is not None and self.select == "last":
            raise ValueError("patience without effect: it needs select = 'best'")
        if self.evaluations is not None and self.evaluations_per_epoch != 1:
            raise ValueError("set one of evaluations and evaluations_per_epoch; leave the other out")
        if not self.optimizer.rates_to_try and self.trial_steps != type(self).model_fields["trial_steps"].default:
            raise ValueError("trial_steps without effect: it needs several rates as optimizer.learning_rate")
        if self.clip_norm is None and self.clip_scope != "global":
            raise ValueError(f"clip_scope = '{self.clip_scope}' without effect: it needs a clip_norm")
        return self

    @model_validator(mode="after")
    def _fits_its_data(self) -> "StageConfig":
        if self.shares is not None and self.data != "transfer":
            raise ValueError(f"shares without effect with data = '{self.data}'; set data = 'transfer'")
        if self.data == "corpus":
            if self.optimizer.rates_to_try:
                raise ValueError("with data = 'corpus' no rates are tried; set optimizer.learning_rate to one")
            if self.select == "best":
                raise ValueError("a stage with data = 'corpus' has no score to select by; set select = 'last'")
            if found := next((item.kind for item in self.objectives if item.reads_logits or item.reads_gold), None):
                raise ValueError(f"objective '{found}' needs the labels of a task; it has none with data = 'corpus'")
            if any(objective.when != "always" for objective in self.objectives):
                raise ValueError("a corpus is no task, so an objective's 'when' is without effect; leave it out")
        elif found := next((objective.kind for objective in self.objectives if objective.reads_vocabulary), None):
            raise ValueError(f"objective '{found}' predicts tokens of plain text; set data = 'corpus' in its stage")
        elif self.masking is not None:
            raise ValueError("masking is for stages with data = 'corpus'; leave it out")
        return self

    @model_validator(mode="after")
    def _keeps_batches_whole(self) -> "StageConfig":
        found = next((objective.kind for objective in self.objectives if objective.mixes_examples), None)
        if found is not None and self.accumulate > 1:
            raise ValueError(
                f"objective '{found}' compares the examples of a batch with each other, so that a step cannot be made "
                f"of {self.accumulate} batches; set accumulate = 1 and larger batches"
            )
        return self

    @model_validator(mode="after")
    def _has_targets(self) -> "StageConfig":
        for objective in self.objectives:
            if objective.reads_targets and self.masking is None:
                raise ValueError(
                    f"objective '{objective.kind}' predicts hidden tokens and none is hidden; add a table 'masking'"
                )
        return self
