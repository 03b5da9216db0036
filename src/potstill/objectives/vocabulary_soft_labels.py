"""Soft labels over the vocabulary: the student's prediction of every token against the teacher's."""

from typing import ClassVar, Literal

from pydantic import Field

from potstill.objectives.fitting import require_same_vocabulary, require_teacher
from potstill.objectives.objective import Objective, ObjectiveConfig
from potstill.objectives.soft_labels import soft_label_divergence
from potstill.objectives.vocabulary import Positions, RowNumbers, find_rows, sum_over_rows, take_rows, vocabulary_rows
from potstill.tensors import Batch, EncoderOutputs, EncoderShape, Loss, Needs, VocabularyOutputs


class VocabularySoftLabelsConfig(ObjectiveConfig):
    """Softened distributions over the vocabulary, position by position; for stages on a corpus.

        loss = T^2 * mean over positions of KL(softmax(teacher / T) || softmax(student / T))

    Paper:
        Sanh et al. 2019, section 2 (the loss L_ce), arXiv:1910.01108.
    """

    needs_teacher: ClassVar[bool] = True
    reads_vocabulary: ClassVar[bool] = True

    kind: Literal["vocabulary_soft_labels"] = "vocabulary_soft_labels"
    temperature: float = Field(default=2.0, gt=0)
    """T > 0 divides both logits; 2 is DistilBERT's."""
    positions: Positions = "tokens"
    """`tokens`: every real token, as DistilBERT; `targets`: only where the stage's `masking` chose a token to
    predict, which is `--restrict_ce_to_mask` in the code of DistilBERT."""

    @property
    def reads_targets(self) -> bool:
        """Read the tokens that were chosen to be predicted, where these alone count."""
        return self.positions == "targets"

    def build(self, *, student: EncoderShape, teacher: EncoderShape | None, path: str) -> "VocabularySoftLabels":
        """Make the objective; see `ObjectiveConfig.build`."""
        teacher = require_teacher(teacher, kind=self.kind, path=path)
        require_same_vocabulary(student, teacher, kind=self.kind, path=path)
        return VocabularySoftLabels(self)


class VocabularySoftLabels(Objective):
    """The objective that `VocabularySoftLabelsConfig` builds."""

    def __init__(self, config: VocabularySoftLabelsConfig) -> None:
        """Keep the settings."""
        super().__init__(student_needs=Needs(vocabulary=True), teacher_needs=Needs(vocabulary=True))
        self.config = config
        self.unit = config.positions

    def compute(self, student: EncoderOutputs, teacher: EncoderOutputs, batch: Batch) -> Loss:
        """Compute the loss; see `Objective.compute`."""
        assert student.vocabulary is not None
        assert teacher.vocabulary is not None
        chosen = find_rows(batch, self.config.positions)
        temperature = self.config.temperature
        return temperature**2 * vocabulary_divergence(
            student.vocabulary, teacher.vocabulary, chosen, temperature=temperature
        )


def vocabulary_divergence(
    student: VocabularyOutputs, teacher: VocabularyOutputs, chosen: RowNumbers, *, temperature: float
) -> Loss:
    """Measure how far the student's softened predictions are from the teacher's; no factor T^2 here."""
    taught = take_rows(teacher.features, chosen)
    total = sum_over_rows(
        take_rows(student.features, chosen),
        student.weight,
        student.bias,
        lambda logits, rows: (
            len(logits)
            * soft_label_divergence(
                logits, vocabulary_rows(teacher, taught[rows]), temperature=temperature, divergence="kl"
            )
        ),
    )
    return total / max(1, len(taught))
