"""Direction of hidden states: one minus the cosine, token by token."""

from typing import ClassVar, Literal

from pydantic import Field
from torch.nn import functional

from potstill.objectives.fitting import pick_layer, require_same_width, require_teacher
from potstill.objectives.masked_means import mean_over_tokens
from potstill.objectives.objective import Objective, ObjectiveConfig
from potstill.tensors import Batch, EncoderOutputs, EncoderShape, HiddenStates, Loss, Needs, TokenMask


class HiddenCosineConfig(ObjectiveConfig):
    """Angle between the hidden states of one student layer and one teacher layer, of equal width.

        loss = mean over real tokens of 1 - cos(student, teacher)

    Paper:
        Sanh et al. 2019, section 2, arXiv:1910.01108, on the last layers; its code leaves padding out as we do.
    """

    needs_teacher: ClassVar[bool] = True
    reads_layers: ClassVar[bool] = True

    kind: Literal["hidden_cosine"] = "hidden_cosine"
    student_layer: int | None = Field(default=None, ge=1)
    """Student layer (1-based); none = the last."""
    teacher_layer: int | None = Field(default=None, ge=1)
    """Teacher layer (1-based); none = the last."""

    def build(self, *, student: EncoderShape, teacher: EncoderShape | None, path: str) -> "HiddenCosine":
        """Make the objective; see `ObjectiveConfig.build`."""
        teacher = require_teacher(teacher, kind=self.kind, path=path)
        remedy = "use kind = 'hidden_states', which learns a projection"
        require_same_width(student, teacher, kind=self.kind, remedy=remedy, path=path)
        return HiddenCosine(
            pick_layer(self.student_layer, num_layers=student.num_layers, path=f"{path}.student_layer"),
            pick_layer(self.teacher_layer, num_layers=teacher.num_layers, path=f"{path}.teacher_layer"),
        )


class HiddenCosine(Objective):
    """The objective that `HiddenCosineConfig` builds.

    Attributes:
        layer_pairs: The one pair (student layer, teacher layer).
    """

    def __init__(self, student_layer: int, teacher_layer: int) -> None:
        """Keep the layers."""
        super().__init__(
            student_needs=Needs(hidden_states=frozenset({student_layer})),
            teacher_needs=Needs(hidden_states=frozenset({teacher_layer})),
        )
        self.layer_pairs = ((student_layer, teacher_layer),)
        self.unit = "tokens"

    def compute(self, student: EncoderOutputs, teacher: EncoderOutputs, batch: Batch) -> Loss:
        """Compute the loss; see `Objective.compute`."""
        ((student_layer, teacher_layer),) = self.layer_pairs
        return hidden_cosine(
            student.hidden_states[student_layer], teacher.hidden_states[teacher_layer], batch.token_mask
        )


def hidden_cosine(student: HiddenStates, teacher: HiddenStates, token_mask: TokenMask) -> Loss:
    """Measure the angle between hidden states of one width."""
    return mean_over_tokens(1 - functional.cosine_similarity(student, teacher, dim=-1), token_mask)
