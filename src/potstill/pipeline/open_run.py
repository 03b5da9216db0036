"""What every step of a run works with: the run itself, what its stages read, and whom they follow."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray

from potstill.data import AnswerTable, Batches, Split
from potstill.hub import Encoder, Head
from potstill.processes import process_state
from potstill.progress import ProgressCallback
from potstill.recipe import Recipe
from potstill.results import ChosenWeights
from potstill.run_folder import RunFolder
from potstill.teachers import OwnTokens, Teacher
from potstill.tensors import Batch, EncoderShape, Needs
from potstill.training import Distiller, Masker, Precision, Scorer, StageConfig, TeacherNumber


@runtime_checkable
class Source(Protocol):
    """Where batches, hidden tokens and scores of a recipe's stages come from: a task, or plain text."""

    @property
    def recipe(self) -> Recipe:
        """The stages that read this source, as they run."""

    @property
    def has_labels(self) -> bool:
        """Whether students learn to answer a task; else they are scored before the first step of a stage, too."""

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the labels in the order of the logits; empty where there are none."""

    @property
    def head(self) -> Head:
        """What students say something about."""

    @property
    def config_words(self) -> Mapping[str, str]:
        """Fields of the student's config that tell what kind of answer it gives."""

    @property
    def texts(self) -> Split | None:
        """The texts to learn from as words, where there are few enough."""

    def batches(self, stage: StageConfig | None, encoder: Encoder) -> Batches:
        """Give what a stage learns from, or starts are fitted on (None), in the tokens of an encoder."""

    def own_tokens(
        self, stage: StageConfig | None, student: Encoder, teacher: Encoder, needs: Needs
    ) -> OwnTokens | None:
        """Give the same examples in the tokens of a teacher; None where they are those of the student."""

    def examples(self, stage: StageConfig) -> Split:
        """Give what a stage learns from as words; only of a task."""

    def heldout(self, encoder: Encoder) -> Batches:
        """Give what stages are scored on."""

    def calibration_set(self, encoder: Encoder) -> Batch:
        """Draw texts to learn from, on which a start can be fitted: the same ones for the same seed."""

    def masker(self, stage: StageConfig, encoder: Encoder) -> Masker | None:
        """Give what hides the tokens of a stage."""

    def scorer(
        self,
        distiller: Distiller,
        teachers: Mapping[TeacherNumber, Teacher],
        masker: Masker | None,
        taught: NDArray[np.float32] | None,
    ) -> Scorer:
        """Give what scores the student of a stage, against what its teacher says of `heldout` where it has one."""


S = TypeVar("S", bound=Source, covariant=True)


@dataclass(frozen=True, kw_only=True)
class OpenRun(Generic[S]):
    """A run in progress.

    Attributes:
        source: What its stages read, with the recipe.
        folder: Where it goes; what a teacher gives is stored beside it.
        callback: Draws the progress.
    """

    source: S
    folder: RunFolder
    callback: ProgressCallback

    @property
    def recipe(self) -> Recipe:
        """The resolved recipe, as it runs."""
        return self.source.recipe

    @property
    def precision(self) -> Precision:
        """Arithmetic of matrix products; `auto` was resolved when the run began."""
        assert self.recipe.precision != "auto"
        return self.recipe.precision

    @cached_property
    def device(self) -> torch.device:
        """The device of this process."""
        return torch.device(process_state().device)

    def autocast(self) -> torch.autocast:
        """Open the run's arithmetic for a block."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.precision == "bf16")


@dataclass(frozen=True, kw_only=True)
class RunTeacher:
    """A teacher and what identifies it, or several that are followed together.

    Attributes:
        encoder: The teacher; its labels have the task's order. Of several, the first. None: only answers are known.
        name: What the user called it.
        fingerprint: Changes with its weights, config or tokenizer.
        dev_logits: Its logits on the development set, [examples, labels]; of several, combined. None on plain text.
        choosing_logits: The same on the examples that choose the weights; None where they are not compared.
        members: The teachers of an ensemble, in their order; empty for a single teacher.
        table: Its answers, where it does not run here.
        chosen: Which weights the stages of its training left, where it comes from a run.
        num_choices: Among how many weights a development set chose it, as far as it is known.
    """

    encoder: Encoder | None
    name: str
    fingerprint: str
    dev_logits: NDArray[np.float32] | None
    choosing_logits: NDArray[np.float32] | None = None
    members: tuple["RunTeacher", ...] = ()
    table: AnswerTable | None = None
    chosen: tuple[ChosenWeights, ...] = ()
    num_choices: int = 1

    @property
    def model(self) -> Encoder:
        """The teacher as a model that runs; where it may be a table, `encoder` is asked first."""
        assert self.encoder is not None, f"of '{self.name}' only answers are known"
        return self.encoder

    @property
    def shape(self) -> EncoderShape:
        """Its sizes; those of a table are 0, but for the labels."""
        if self.encoder is not None:
            return self.encoder.shape
        assert self.table is not None, self.name
        labels = self.table.logits.shape[1]
        return EncoderShape(
            num_layers=0, hidden_size=0, feed_forward_size=0, num_heads=0, vocab_size=0, num_labels=labels
        )

    @property
    def singles(self) -> tuple["RunTeacher", ...]:
        """The teachers one by one."""
        return self.members or (self,)

    @property
    def identity(self) -> dict[str, Any]:
        """Say who it is, as JSON values."""
        members = {"members": [member.identity for member in self.members]} if self.members else {}
        return {"name": self.name, "fingerprint": self.fingerprint, **members}

    def pick(self, number: TeacherNumber) -> "RunTeacher":
        """Give one teacher by its number, or all together."""
        return self if number is None else self.singles[number]
