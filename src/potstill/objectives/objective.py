"""The frame of every objective: its config, its module, and the one door through which tensors come in."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from potstill.config import Config
from potstill.objectives.masked_means import Unit
from potstill.tensors import Batch, EncoderOutputs, EncoderShape, Loss, Needs, VocabularyOutputs


class ObjectiveConfig(Config, ABC):
    """Settings of one objective; each member adds `kind` and its own fields."""

    needs_teacher: ClassVar[bool]
    reads_vocabulary: ClassVar[bool] = False
    reads_layers: ClassVar[bool] = True
    """Whether it reads more of student or teacher than logits."""

    weight: float = Field(default=1.0, gt=0)
    """Factor of this loss in the sum, > 0; applied by the training loop. To drop an objective, leave it out."""
    when: Literal["always", "classification", "regression"] = "always"
    """Tasks that use this objective; for the others the recipe leaves it out."""
    teacher: int | None = Field(default=None, ge=0)
    """Which of several teachers it follows: its place in `teacher.models`, from 0. None = the only one or, for losses
    on logits, all of them together."""

    @model_validator(mode="after")
    def _follows_someone(self) -> "ObjectiveConfig":
        if self.teacher is not None and not self.needs_teacher:
            raise ValueError("teacher is without effect here, as this objective follows none; leave it out")
        return self

    @abstractmethod
    def build(self, *, student: EncoderShape, teacher: EncoderShape | None, path: str) -> "Objective":
        """Make the objective for a student and a teacher.

        Args:
            student: Sizes of the student.
            teacher: Sizes of the teacher, or None where there is none.
            path: Where the config stands in the recipe, for messages.

        Returns:
            The objective on the CPU; the weights of its projections, if any, come from torch's generator.

        Raises:
            RecipeError: The objective does not fit this student and this teacher.
        """


class Objective(nn.Module, ABC):
    """A loss between a student and its teacher (or the gold labels).

    Parameters of an objective are training-only projections: they are trained with the student and not saved with it.

    Attributes:
        student_needs: What `forward` reads of the student's outputs.
        teacher_needs: What `forward` reads of the teacher's outputs; empty where no teacher is needed.
        reads_padding: Whether states at padded positions count, as in some published code.
        unit: What the loss is a mean over; processes that share a batch weigh their parts by it.
        fits: Whether its projections are to be fitted before the first step.
    """

    reads_padding: bool = False
    unit: Unit = "examples"
    fits: bool = False

    def __init__(self, *, student_needs: Needs, teacher_needs: Needs) -> None:
        """State what the objective reads."""
        super().__init__()
        self.student_needs = student_needs
        self.teacher_needs = teacher_needs

    def forward(self, student: EncoderOutputs, teacher: EncoderOutputs, batch: Batch) -> Loss:
        """Compute the unweighted loss in float32, with autocast off and the teacher's tensors as constants.

        Args:
            student: Outputs of the student, at least what `student_needs` asks for; the gradient flows here.
            teacher: Outputs of the teacher, at least what `teacher_needs` asks for; may be empty where that is.
            batch: The examples that both have read.

        Returns:
            The loss, a float32 scalar.
        """
        with torch.autocast(batch.token_mask.device.type, enabled=False):
            return self.compute(
                _take(student, self.student_needs, Tensor.float),
                _take(teacher, self.teacher_needs, _freeze),
                batch,
            )

    def fit(self, student: EncoderOutputs, teacher: EncoderOutputs, batch: Batch) -> None:  # noqa: B027 - few fit
        """Fit the projections in closed form; asked only where `fits`.

        Args:
            student: Outputs of the student before its first step, float32, at least what `student_needs` asks for.
            teacher: Outputs of the teacher, at least what `teacher_needs` asks for.
            batch: Texts that both have read.
        """

    @abstractmethod
    def compute(self, student: EncoderOutputs, teacher: EncoderOutputs, batch: Batch) -> Loss:
        """Compute the unweighted loss from float32 tensors.

        Args:
            student: Exactly what `student_needs` asks for.
            teacher: Exactly what `teacher_needs` asks for, detached.
            batch: The examples that both have read.

        Returns:
            The loss, a float32 scalar.
        """


def _freeze(tensor: Tensor) -> Tensor:
    return tensor.detach().float()


def _take(outputs: EncoderOutputs, needs: Needs, prepare: Callable[[Tensor], Tensor]) -> EncoderOutputs:
    """Prepare the needed tensors and leave out the rest, so that an undeclared need cannot go unnoticed."""
    assert outputs.logits is not None or not needs.logits
    return EncoderOutputs(
        logits=prepare(outputs.logits) if needs.logits and outputs.logits is not None else None,
        hidden_states={index: prepare(outputs.hidden_states[index]) for index in needs.hidden_states},
        queries={layer: prepare(outputs.queries[layer]) for layer in needs.queries},
        keys={layer: prepare(outputs.keys[layer]) for layer in needs.keys},
        values={layer: prepare(outputs.values[layer]) for layer in needs.values},
        vocabulary=_take_vocabulary(outputs, prepare) if needs.vocabulary else None,
    )


def _take_vocabulary(outputs: EncoderOutputs, prepare: Callable[[Tensor], Tensor]) -> VocabularyOutputs:
    """Keep the type of the features, which is that of the decoder's matrix products; their results are float32."""
    assert outputs.vocabulary is not None
    features = outputs.vocabulary.features
    return VocabularyOutputs(
        features=prepare(features).to(features.dtype),
        weight=prepare(outputs.vocabulary.weight),
        bias=prepare(outputs.vocabulary.bias),
    )
