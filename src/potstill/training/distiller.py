"""The student and its objectives as one module: what is trained, wrapped and checkpointed together."""

from collections.abc import Sequence
from functools import reduce
from operator import or_

import torch
from torch import Tensor, nn

from potstill.hub import Encoder
from potstill.objectives import AnyObjectiveConfig, Objective
from potstill.tensors import Batch, EncoderOutputs, EncoderShape, Needs

__all__ = ["Distiller"]


class Distiller(nn.Module):
    """Runs the student on a batch and measures every objective.

    Attributes:
        student: The encoder in training.
        objectives: The objectives, with their projections where they have any.
        names: One unique name for each objective.
        weights: Weight of each objective.
        student_needs: What the objectives read of the student, together.
        teacher_needs: What the objectives read of the teacher, together.
    """

    def __init__(
        self, student: Encoder, teacher: EncoderShape | None, configs: Sequence[AnyObjectiveConfig], *, path: str
    ) -> None:
        """Build the objectives of a stage for a student and a teacher; `path` names the stage in messages."""
        super().__init__()
        self.student = student
        shape = student.shape
        built: list[Objective] = [
            config.build(student=shape, teacher=teacher, path=f"{path}.objectives.{position}")
            for position, config in enumerate(configs)
        ]
        self.objectives = nn.ModuleList(built)
        self.names = _unique_names([config.kind for config in configs])
        self.weights = tuple(config.weight for config in configs)
        self.student_needs = reduce(or_, (objective.student_needs for objective in built), Needs())
        self.teacher_needs = reduce(or_, (objective.teacher_needs for objective in built), Needs())

    def forward(self, batch: Batch, teacher: EncoderOutputs) -> tuple[Tensor, Tensor]:
        """Measure the batch.

        Args:
            batch: Tokenised examples on the student's device.
            teacher: What `teacher_needs` asked for.

        Returns:
            The weighted sum, a scalar, and the single losses without weights, [objectives], without gradient.
        """
        student: EncoderOutputs = self.student(batch, self.student_needs)
        losses = torch.stack([objective(student, teacher, batch) for objective in self.objectives])
        return (losses * losses.new_tensor(self.weights)).sum(), losses.detach()


def _unique_names(kinds: Sequence[str]) -> tuple[str, ...]:
    """Number the kinds that stand more than once: hidden_states, hidden_states_2, ..."""
    names: list[str] = []
    for position, kind in enumerate(kinds):
        count = kinds[:position].count(kind)
        names.append(kind if count == 0 else f"{kind}_{count + 1}")
    return tuple(names)
