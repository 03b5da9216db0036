"""Squared distance of the scores of the vocabulary."""

from typing import ClassVar, Literal

from torch.nn import functional

from potstill.objectives.fitting import require_same_vocabulary, require_teacher
from potstill.objectives.objective import Objective, ObjectiveConfig
from potstill.objectives.vocabulary import Positions, RowNumbers, find_rows, sum_over_rows, take_rows, vocabulary_rows
from potstill.tensors import Batch, EncoderOutputs, EncoderShape, Loss, Needs, VocabularyOutputs


class VocabularyMseConfig(ObjectiveConfig):
    """Squared distance of the scores of the vocabulary, position by position; for stages on a corpus.

        loss = mean over positions of sum_v (student_v - teacher_v)^2

    Paper:
        The code of DistilBERT (its loss L_mse, which the published model was trained without), arXiv:1910.01108.
    """

    needs_teacher: ClassVar[bool] = True
    reads_vocabulary: ClassVar[bool] = True

    kind: Literal["vocabulary_mse"] = "vocabulary_mse"
    positions: Positions = "tokens"
    """`tokens`: every real token; `targets`: only where the stage's `masking` chose a token to predict."""

    @property
    def reads_targets(self) -> bool:
        """Read the tokens that were chosen to be predicted, where these alone count."""
        return self.positions == "targets"

    def build(self, *, student: EncoderShape, teacher: EncoderShape | None, path: str) -> "VocabularyMse":
        """Make the objective; see `ObjectiveConfig.build`."""
        teacher = require_teacher(teacher, kind=self.kind, path=path)
        require_same_vocabulary(student, teacher, kind=self.kind, path=path)
        return VocabularyMse(self)


class VocabularyMse(Objective):
    """The objective that `VocabularyMseConfig` builds."""

    def __init__(self, config: VocabularyMseConfig) -> None:
        """Keep the settings."""
        super().__init__(student_needs=Needs(vocabulary=True), teacher_needs=Needs(vocabulary=True))
        self.config = config
        self.unit = config.positions

    def compute(self, student: EncoderOutputs, teacher: EncoderOutputs, batch: Batch) -> Loss:
        """Compute the loss; see `Objective.compute`."""
        assert student.vocabulary is not None
        assert teacher.vocabulary is not None
        return vocabulary_distance(student.vocabulary, teacher.vocabulary, find_rows(batch, self.config.positions))


def vocabulary_distance(student: VocabularyOutputs, teacher: VocabularyOutputs, chosen: RowNumbers) -> Loss:
    """Measure the squared distance between scores."""
    taught = take_rows(teacher.features, chosen)
    total = sum_over_rows(
        take_rows(student.features, chosen),
        student.weight,
        student.bias,
        lambda logits, rows: functional.mse_loss(logits, vocabulary_rows(teacher, taught[rows]), reduction="sum"),
    )
    return total / max(1, len(taught))
