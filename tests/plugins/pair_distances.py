"""A plug-in: the distances between the answers to the texts of a batch, after Park et al. 2019, arXiv:1904.05068."""

from typing import ClassVar, Literal

import torch
from torch.nn import functional

from potstill.objectives import Objective, ObjectiveConfig
from potstill.tensors import Batch, EncoderOutputs, EncoderShape, Logits, Loss, Needs


class PairDistancesConfig(ObjectiveConfig):
    """Distances between the logits of every two texts, divided by their mean; equations 3 to 5."""

    needs_teacher: ClassVar[bool] = True
    reads_logits: ClassVar[bool] = True
    mixes_examples: ClassVar[bool] = True

    kind: Literal["pair_distances"] = "pair_distances"
    threshold: float = 1.0
    """Difference from which on the loss is linear."""

    def build(self, *, student: EncoderShape, teacher: EncoderShape | None, path: str) -> "PairDistances":
        """Make the objective."""
        return PairDistances(self.threshold)


class PairDistances(Objective):
    """The objective that `PairDistancesConfig` builds."""

    def __init__(self, threshold: float) -> None:
        """Keep the setting."""
        super().__init__(student_needs=Needs(logits=True), teacher_needs=Needs(logits=True))
        self.threshold = threshold

    def compute(self, student: EncoderOutputs, teacher: EncoderOutputs, batch: Batch) -> Loss:
        """Compare the distances."""
        assert student.logits is not None
        assert teacher.logits is not None
        ours, theirs = relative_distances(student.logits), relative_distances(teacher.logits)
        return functional.huber_loss(ours, theirs, delta=self.threshold)


def relative_distances(logits: Logits) -> torch.Tensor:
    """Give the distance of every two texts, divided by the mean over all of them."""
    squares = (logits[:, None] - logits[None]).square().sum(dim=2)
    distances = (squares + 1e-6).sqrt() * (1 - torch.eye(len(logits), device=logits.device))
    return distances / distances.sum().clamp(min=1e-6) * len(logits) * max(1, len(logits) - 1)
