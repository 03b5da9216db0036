"""The frame of every objective: its config, its module, and the one door through which tensors come in."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, TypeAlias

import torch
from jaxtyping import Int
from pydantic import Field, model_validator
from torch import Tensor, nn

from potstill.answers import When
from potstill.config import Config, ConfigType
from potstill.objectives.masked_means import Unit
from potstill.tensors import Batch, EncoderOutputs, EncoderShape, Loss, Needs, VocabularyOutputs, send

Join: TypeAlias = Callable[[Tensor], Tensor]
"""From the rows of this process's examples to those of all processes, in the order of the batch."""


class ObjectiveConfig(Config, ABC):
    """Settings of one objective; each member adds `kind`, its own fields, and what it reads.

    What it reads are facts of the class, False where it says nothing. An objective is refused from them alone, before
    anything is built, and one that reads more than it declares is refused when it is built.
    """

    needs_teacher: ClassVar[bool] = False
    """Whether it reads anything of a teacher."""
    reads_logits: ClassVar[bool] = False
    """Whether it reads what the head says about a task, of student or teacher."""
    reads_gold: ClassVar[bool] = False
    """Whether it reads gold labels; the batches of the others have none."""
    reads_partial_answers: ClassVar[bool] = False
    """Whether it can follow a teacher of which the answers for some labels are not known, and reads which are."""
    reads_layers: ClassVar[bool] = False
    """Whether it reads hidden states, queries, keys or values, of student or teacher."""
    reads_vocabulary: ClassVar[bool] = False
    """Whether it reads scores of the vocabulary, of student or teacher."""
    mixes_examples: ClassVar[bool] = False
    """Whether the loss of an example depends on the others of its batch, which is then never split: not over the
    batches of a step, and processes put theirs together."""

    kind: str
    """Names the objective in recipes; a member has one as its default."""
    weight: float = Field(default=1.0, gt=0)
    """Factor of this loss in the sum, > 0; applied by the training loop. To drop an objective, leave it out."""
    when: When = "always"
    """Tasks that use this objective; for the others the recipe leaves it out."""
    optional: bool = False
    """Whether to leave it out where no training example has a gold label; only where it reads them."""
    teacher: int | None = Field(default=None, ge=0)
    """Which of several teachers it follows: its place in `teacher.models`, from 0. None = the only one or, for losses
    on logits, all of them together."""

    @property
    def reads_targets(self) -> bool:
        """Whether it reads the tokens that the stage's `masking` chose to be predicted."""
        return False

    def with_independent_labels(self: ConfigType) -> ConfigType:
        """Give the objective for a task whose texts may have several labels."""
        return self

    @model_validator(mode="after")
    def _follows_someone(self) -> "ObjectiveConfig":
        if self.teacher is not None and not self.needs_teacher:
            raise ValueError("teacher is without effect here, as this objective follows none; leave it out")
        if self.optional and not self.reads_gold:
            raise ValueError("optional is without effect here, as this objective reads no gold labels; leave it out")
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

    def forward(self, student: EncoderOutputs, teacher: EncoderOutputs, batch: Batch, join: Join | None = None) -> Loss:
        """Compute the unweighted loss in float32, with autocast off and the teacher's tensors as constants.

        Args:
            student: Outputs of the student, at least what `student_needs` asks for; the gradient flows here.
            teacher: Outputs of the teacher, at least what `teacher_needs` asks for; may be empty where that is.
            batch: The examples that both have read.
            join: Puts the examples of all processes together, for one that mixes examples; None = they are all here.

        Returns:
            The loss over the examples that it can read, a float32 scalar; 0 where it can read none.
        """
        with torch.autocast(batch.token_mask.device.type, enabled=False):
            ours = _take(student, self.student_needs, Tensor.float, join or _keep)
            theirs = _take(teacher, self.teacher_needs, _freeze, join or _keep)
            whole = batch if join is None else batch.map(join)
            readable = find_readable(whole)
            if readable is None:
                return self.compute(ours, theirs, whole)
            if len(readable) == 0:  # no loss, but a gradient for every weight, as processes wait for it
                return 0.0 * self._compute_some(ours, theirs, whole, readable.new_zeros(1))
            return self._compute_some(ours, theirs, whole, readable)

    def _compute_some(
        self, student: EncoderOutputs, teacher: EncoderOutputs, batch: Batch, places: Int[Tensor, " chosen"]
    ) -> Loss:
        chosen, rows = send(places, batch.token_mask.device), batch.find_rows(places)
        return self.compute(student.take(chosen, rows), teacher.take(chosen, rows), batch.take(places))

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


def find_readable(batch: Batch) -> Int[Tensor, " chosen"] | None:
    """Find the examples of a batch of which everything is known that the batch tells of some.

    Args:
        batch: The batch; one that tells nothing of labels or of the teacher's answers where these are not read.

    Returns:
        Their places, on the CPU where the batch has a copy there; None where it is all of them.
    """
    host, known = batch.on_host, None
    if batch.label_mask is not None:
        known = host.label_mask
    if batch.answer_mask is not None and host.answer_mask is not None:
        known = host.answer_mask if known is None else known & host.answer_mask
    return None if known is None else known.nonzero()[:, 0]


def _freeze(tensor: Tensor) -> Tensor:
    return tensor.detach().float()


def _keep(tensor: Tensor) -> Tensor:
    return tensor


def _take(outputs: EncoderOutputs, needs: Needs, prepare: Callable[[Tensor], Tensor], join: Join) -> EncoderOutputs:
    """Prepare the needed tensors and leave out the rest, so that an undeclared need cannot go unnoticed."""
    assert outputs.logits is not None or not needs.logits
    return EncoderOutputs(
        logits=join(prepare(outputs.logits)) if needs.logits and outputs.logits is not None else None,
        told=join(outputs.told) if needs.logits and outputs.told is not None else None,
        hidden_states={index: join(prepare(outputs.hidden_states[index])) for index in needs.hidden_states},
        queries={layer: join(prepare(outputs.queries[layer])) for layer in needs.queries},
        keys={layer: join(prepare(outputs.keys[layer])) for layer in needs.keys},
        values={layer: join(prepare(outputs.values[layer])) for layer in needs.values},
        vocabulary=_take_vocabulary(outputs, prepare, join) if needs.vocabulary else None,
    )


def _take_vocabulary(outputs: EncoderOutputs, prepare: Callable[[Tensor], Tensor], join: Join) -> VocabularyOutputs:
    """Keep the type of the features, which is that of the decoder's matrix products; their results are float32."""
    assert outputs.vocabulary is not None
    features = outputs.vocabulary.features
    return VocabularyOutputs(
        features=join(prepare(features)).to(features.dtype),
        weight=prepare(outputs.vocabulary.weight),
        bias=prepare(outputs.vocabulary.bias),
    )
