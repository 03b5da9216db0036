"""What every step of a run works with: recipe, data, teacher, device."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from potstill.data import BatchConfig, Batches, LabelArray, Split, TaskData, TokenisedSplit
from potstill.engines import predict_logits
from potstill.hub import Encoder
from potstill.pipeline.batching import make_batches
from potstill.processes import process_state
from potstill.progress import Observer
from potstill.recipe import Recipe
from potstill.tensors import Batch
from potstill.training import StageConfig, TeacherNumber

_NUM_SAMPLES = 128


@dataclass(frozen=True, kw_only=True)
class Guide:
    """A teacher and what identifies it, or several that are followed together.

    Attributes:
        encoder: The teacher; its labels have the task's order. Of several, the first.
        name: What the user called it.
        fingerprint: Changes with its weights, config or tokenizer.
        dev_logits: Its logits on the development set, [examples, labels]; of several, combined.
        members: The teachers of an ensemble, in their order; empty for a single teacher.
    """

    encoder: Encoder
    name: str
    fingerprint: str
    dev_logits: NDArray[np.float32]
    members: tuple["Guide", ...] = ()

    @property
    def singles(self) -> tuple["Guide", ...]:
        """The teachers one by one."""
        return self.members or (self,)

    def pick(self, number: TeacherNumber) -> "Guide":
        """Give one teacher by its number, or all together."""
        return self if number is None else self.singles[number]


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
    inherited: LabelArray
    is_original: NDArray[np.bool_]
    taught: LabelArray | None = None

    def labels(self, rule: Literal["none", "inherited", "teacher"]) -> LabelArray | None:
        """Give the labels by the rule of `AugmentationConfig.labels`."""
        return {"none": None, "inherited": self.inherited, "teacher": self.taught}[rule]


@dataclass(frozen=True, kw_only=True)
class Study:
    """A run in progress.

    Attributes:
        recipe: The resolved recipe, as it runs.
        data: The task and its examples.
        observer: Draws the progress.
        augmented: The training examples with texts made out of them, where a stage reads them.
        tokenised: Splits that were tokenised already, by split and tokenizer; shared by the studies of one run.
    """

    recipe: Recipe
    data: TaskData
    observer: Observer
    augmented: AugmentedExamples | None = None
    tokenised: dict[tuple[str, str], TokenisedSplit] = field(default_factory=dict)

    @cached_property
    def device(self) -> torch.device:
        """The device of this process."""
        return torch.device(process_state().device)

    @property
    def precision(self) -> Literal["fp32", "bf16"]:
        """Arithmetic of matrix products; `auto` was resolved when the study began."""
        assert self.recipe.precision != "auto"
        return self.recipe.precision

    def autocast(self) -> torch.autocast:
        """Open the run's arithmetic for a block."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.precision == "bf16")

    def batches(self, split: str, encoder: Encoder, config: BatchConfig | None = None) -> Batches:
        """Tokenise a split for an encoder and put it into batches."""
        key = (split, encoder.tokenizer.fingerprint)
        if key not in self.tokenised:
            examples = self._examples(split)
            longest = self.recipe.data.max_length
            self.tokenised[key] = make_batches(examples, encoder, max_length=longest).tokenised
        tokenised = self.tokenised[key]
        if split == "augmented" and self.augmented is not None and self.recipe.augmentation is not None:
            tokenised = replace(tokenised, labels=self.augmented.labels(self.recipe.augmentation.labels))
        return Batches(tokenised, config or BatchConfig(), seed=self.recipe.seed)

    def training_split(self, stage: StageConfig) -> Literal["train", "augmented"]:
        """Say which examples a stage reads."""
        return "augmented" if stage.data == "augmented" else "train"

    def _examples(self, split: str) -> Split:
        if split == "augmented":
            assert self.augmented is not None, "texts are made before a stage reads them"
            return self.augmented.split
        return {"train": self.data.train, "dev": self.data.dev, **self.data.other_dev}[split]

    def sample(self, encoder: Encoder) -> Batch:
        """Draw training texts on which a start can be fitted."""
        batches = self.batches("train", encoder)
        random = np.random.default_rng(self.recipe.seed)
        return batches.collate(random.permutation(len(batches.tokenised))[:_NUM_SAMPLES].astype(np.int64))

    def dev_logits(self, encoder: Encoder, batches: Batches | None = None) -> NDArray[np.float32]:
        """Run an encoder over the development set."""
        encoder.to(self.device)
        prepared = batches or self.batches("dev", encoder)
        return predict_logits(encoder, prepared, device=self.device, precision=self.precision)
