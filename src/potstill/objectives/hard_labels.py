"""Hard labels: ordinary supervised training on the gold labels, no teacher."""

from typing import ClassVar, Literal

from torch.nn import functional

from potstill.errors import DataError
from potstill.objectives.objective import Objective, ObjectiveConfig
from potstill.tensors import Batch, EncoderOutputs, EncoderShape, Labels, Logits, Loss, Needs


class HardLabelsConfig(ObjectiveConfig):
    """Cross entropy with the gold label.

    Where a text may have several labels, with the answers yes and no to each; for a score (1 label), the squared
    distance to the gold score.
    """

    reads_logits: ClassVar[bool] = True
    reads_gold: ClassVar[bool] = True

    kind: Literal["hard_labels"] = "hard_labels"

    def build(self, *, student: EncoderShape, teacher: EncoderShape | None, path: str) -> "HardLabels":
        """Make the objective; see `ObjectiveConfig.build`."""
        return HardLabels()


class HardLabels(Objective):
    """The objective that `HardLabelsConfig` builds."""

    unit = "rows"

    def __init__(self) -> None:
        """Ask for the student's logits alone."""
        super().__init__(student_needs=Needs(logits=True), teacher_needs=Needs())

    def compute(self, student: EncoderOutputs, teacher: EncoderOutputs, batch: Batch) -> Loss:
        """Compute the loss; see `Objective.compute`."""
        assert student.logits is not None
        if batch.labels is None:
            raise DataError(
                "objective 'hard_labels' needs gold labels and this data has none; leave only objectives that learn "
                "from the teacher, such as 'soft_labels' or 'logits_mse'."
            )
        return hard_label_loss(student.logits, batch.labels)


def hard_label_loss(student: Logits, labels: Labels) -> Loss:
    """Measure how far the student is from the gold labels.

    one class       mean over rows of -log softmax(student)[label]
    several labels  mean over rows and labels of -label log sigmoid(student) - (1 - label) log sigmoid(-student)
    score           mean over rows of (student - label)^2
    """
    if labels.ndim == 2:
        return functional.binary_cross_entropy_with_logits(student, labels.to(student.dtype))
    if student.shape[1] == 1:
        return functional.mse_loss(student[:, 0], labels.to(student.dtype))
    return functional.cross_entropy(student, labels)
