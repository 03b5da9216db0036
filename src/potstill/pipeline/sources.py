"""What stages read and are scored on: the examples of a task."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from potstill.answers import LabelRows
from potstill.data import (
    AnswerTable,
    BatchConfig,
    Batches,
    Split,
    TaskData,
    TransferSet,
    describe_reading,
)
from potstill.engines import predict_logits
from potstill.errors import DataError
from potstill.hub import Encoder, Head
from potstill.pipeline.tokenising import TokenisedSplits, choose_readable, mix_texts
from potstill.processes import process_state
from potstill.recipe import Recipe
from potstill.teachers import OwnTokens, Teacher
from potstill.tensors import Batch, Needs
from potstill.training import Distiller, Masker, Scorer, Scores, StageConfig, TeacherNumber

_NUM_SAMPLES = 128


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AugmentedExamples:
    """Training examples with texts that were made out of them.

    Attributes:
        split: Their texts, without labels.
        inherited: For each the label of the example that it was made from.
        is_original: For each whether it is that example itself.
        taught: What the teacher says of new texts, and the own label of originals; None where it was not asked.
    """

    split: Split
    inherited: LabelRows
    is_original: NDArray[np.bool_]
    taught: LabelRows | None = None

    def labels(self, rule: Literal["none", "inherited", "teacher"]) -> LabelRows | None:
        """Give the labels by the rule of `AugmentationConfig.labels`."""
        return {"none": None, "inherited": self.inherited, "teacher": self.taught}[rule]


@dataclass(frozen=True, kw_only=True)
class TaskSource:
    """The examples of a task.

    Attributes:
        recipe: The stages that read them.
        data: The task and its examples.
        transfer: All texts to learn from, where there are others than the training examples and a stage reads them.
        augmented: The training examples with texts made out of them, where a stage reads them.
        answers: What a teacher said about the texts that does not run here; None where it does.
        tokenised: What was tokenised already.
    """

    recipe: Recipe
    data: TaskData
    transfer: TransferSet | None = None
    augmented: AugmentedExamples | None = None
    answers: AnswerTable | None = None
    tokenised: TokenisedSplits = field(default_factory=TokenisedSplits)
    has_labels: ClassVar[bool] = True

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the task's labels."""
        return self.data.task.label_names

    @property
    def head(self) -> Head:
        """What a row of logits is about."""
        return self.data.task.answer.row

    @property
    def config_words(self) -> Mapping[str, str]:
        """Fields of the student's config that tell what kind of answer it gives."""
        return self.data.task.answer.config_fields

    @property
    def texts(self) -> Split:
        """All texts to learn from."""
        return self.data.train if self.transfer is None else self.transfer.split

    def batches(self, stage: StageConfig | None, encoder: Encoder) -> Batches:
        """Give the training examples of a stage; where some have no label or no answer, see `choose_readable`."""
        split = self.training_split(stage)
        if stage is None:
            return self.batches_of(split, encoder)
        batches = self.batches_of(split, encoder, stage.batches)
        chosen = choose_readable(batches.tokenised, stage.objectives) if split != "augmented" else None
        batches = batches if chosen is None else batches.only(chosen)
        follows = any(each.needs_teacher for each in stage.objectives)
        if stage.shares is None or split != "transfer" or self.transfer is None or not follows:
            return batches
        return mix_texts(batches, self.transfer.figures, stage.shares, path=f"stages.{stage.name}.shares")

    def examples(self, stage: StageConfig) -> Split:
        """Give the training examples of a stage as words."""
        return self.examples_of(self.training_split(stage))

    def own_tokens(
        self, stage: StageConfig | None, student: Encoder, teacher: Encoder, needs: Needs
    ) -> OwnTokens | None:
        """Give the same examples in the tokens of a teacher, aligned where its layers are followed."""
        if student.tokenizer.fingerprint == teacher.tokenizer.fingerprint:
            return None
        split, max_length = self.examples_of(self.training_split(stage)), self.recipe.data.longest
        read = [self.batches(stage, encoder).tokenised for encoder in (student, teacher)]
        if any(len(each) != each.num_texts for each in read):
            raise DataError(
                f"data.max_length: texts of more than {max_length} tokens are read in parts, which differ between "
                "two tokenizers; raise it, or leave only losses on logits and teacher.store on."
            )
        is_followed = bool(needs.hidden_states)
        alignment = self.tokenised.align(split, student, teacher, max_length=max_length) if is_followed else None
        return OwnTokens(batches=self.batches(stage, teacher), alignment=alignment)

    def training_split(self, stage: StageConfig | None) -> Literal["train", "augmented", "transfer"]:
        """Say which examples a stage reads, or starts are fitted on."""
        if self.transfer is not None and (stage is None or stage.data == "transfer"):
            return "transfer"
        return "augmented" if stage is not None and stage.data == "augmented" else "train"

    def batches_of(self, split: str, encoder: Encoder, config: BatchConfig | None = None) -> Batches:
        """Give a split by its name: `train`, `transfer`, `augmented`, `choosing`, `dev`, `test`, or a further one."""
        examples = self.examples_of(split)
        folder = self.transfer.folder if split == "transfer" and self.transfer is not None else None
        tokenised = self.tokenised.find(examples, encoder, max_length=self.recipe.data.longest, folder=folder)
        if split == "augmented" and self.augmented is not None and self.recipe.augmentation is not None:
            tokenised = tokenised.with_labels(self.augmented.labels(self.recipe.augmentation.labels))
        if self.answers is not None and split in ("train", "transfer", "augmented"):
            tokenised = replace(tokenised, is_answered=tokenised.of_texts(self.answers.find(examples) >= 0))
        return Batches(tokenised, config or BatchConfig(), seed=self.recipe.seed)

    def examples_of(self, split: str) -> Split:
        """Give a split by its name as words."""
        if split == "augmented":
            assert self.augmented is not None, "texts are made before a stage reads them"
            return self.augmented.split
        own = {"train": self.data.train, "transfer": self.texts, "choosing": self.data.choosing, "dev": self.data.dev}
        return {**own, **self.data.other_dev, **self.data.labelled_test}[split]

    def describe(self, encoder: Encoder) -> str:
        """Say in one line what was read, and how much of it an encoder does not get to see."""
        data, length = self.data, self.recipe.data.longest
        splits = (data.train, data.dev, *data.labelled_test.values(), *([] if data.select is None else [data.select]))
        read = [self.tokenised.find(split, encoder, max_length=length) for split in splits]
        return describe_reading(data.notes, read, max_length=length)

    def heldout(self, encoder: Encoder) -> Batches:
        """Give the examples that choose the weights: a part of train that is held out, or the development set."""
        return self.batches_of("choosing", encoder)

    def calibration_set(self, encoder: Encoder) -> Batch:
        """Draw training texts; see `Source.calibration_set`."""
        return draw_sample(self.batches(None, encoder), seed=self.recipe.seed)

    def logits(self, encoder: Encoder, batches: Batches | None = None) -> NDArray[np.float32]:
        """Run an encoder over the development set, or over other examples."""
        assert self.recipe.precision != "auto"
        encoder.to(process_state().device)
        return predict_logits(encoder, batches or self.batches_of("dev", encoder), precision=self.recipe.precision)

    def masker(self, stage: StageConfig, encoder: Encoder) -> None:
        """Hide nothing: stages on a task read their texts as they are."""

    def scorer(
        self,
        distiller: Distiller,
        teachers: Mapping[TeacherNumber, Teacher],  # noqa: ARG002
        masker: Masker | None,  # noqa: ARG002
        taught: NDArray[np.float32] | None,
    ) -> Scorer:
        """Measure the task's metrics on the examples that choose the weights, and the distance from the teacher."""
        batches, gold, task = self.heldout(distiller.student), self.data.choosing.labels, self.data.task
        assert gold is not None

        def score(encoder: Encoder) -> Scores:
            logits = self.logits(encoder, batches)
            return Scores(
                figures=task.answer.measure(task.metrics, logits, gold),
                error=task.answer.standard_error(task.metrics[0], logits, gold),
                distance=None if taught is None else float(task.answer.distances(logits, taught).mean()),
            )

        return score


def draw_sample(batches: Batches, *, seed: int) -> Batch:
    """Draw some examples, the same ones for the same seed."""
    chosen = np.random.default_rng(seed).permutation(len(batches.tokenised))[:_NUM_SAMPLES]
    return batches.collate(chosen.astype(np.int64))
