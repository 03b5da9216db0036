"""Logits as they are: the squared distance between raw logits."""

from typing import ClassVar, Literal

from potstill.objectives.fitting import require_same_labels, require_teacher
from potstill.objectives.objective import Objective, ObjectiveConfig
from potstill.tensors import Batch, EncoderOutputs, EncoderShape, Logits, Loss, Needs


class LogitsMseConfig(ObjectiveConfig):
    """Squared distance between raw logits; for scores, between student's and teacher's score.

        loss = mean over batch of (1 / labels) * sum_c (student_c - teacher_c)^2

    Paper:
        Tang et al. 2019, section 3.2, arXiv:1903.12136, whose formula has no 1 / labels (`sum_labels`); the
        authors' code has it.
    """

    needs_teacher: ClassVar[bool] = True
    reads_logits: ClassVar[bool] = True

    kind: Literal["logits_mse"] = "logits_mse"
    sum_labels: bool = False
    """Add up the labels instead of averaging over them."""

    def build(self, *, student: EncoderShape, teacher: EncoderShape | None, path: str) -> "LogitsMse":
        """Make the objective; see `ObjectiveConfig.build`."""
        teacher = require_teacher(teacher, kind=self.kind, path=path)
        require_same_labels(student, teacher, kind=self.kind, path=path)
        return LogitsMse(self)


class LogitsMse(Objective):
    """The objective that `LogitsMseConfig` builds."""

    unit = "rows"

    def __init__(self, config: LogitsMseConfig) -> None:
        """Keep the settings."""
        super().__init__(student_needs=Needs(logits=True), teacher_needs=Needs(logits=True))
        self.config = config

    def compute(self, student: EncoderOutputs, teacher: EncoderOutputs, batch: Batch) -> Loss:
        """Compute the loss; see `Objective.compute`."""
        assert student.logits is not None
        assert teacher.logits is not None
        return logits_mse(student.logits, teacher.logits, sum_labels=self.config.sum_labels)


def logits_mse(student: Logits, teacher: Logits, *, sum_labels: bool) -> Loss:
    """Measure the squared distance between logits."""
    squares = (student - teacher).square()
    return (squares.sum(dim=1) if sum_labels else squares.mean(dim=1)).mean()
