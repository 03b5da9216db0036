"""Masked language modelling: predict the tokens that were masked, no teacher."""

from typing import ClassVar, Literal

from torch.nn import functional

from potstill.objectives.objective import Objective, ObjectiveConfig
from potstill.objectives.vocabulary import find_rows, sum_over_rows, take_rows
from potstill.tensors import Batch, EncoderOutputs, EncoderShape, Loss, Needs, TokenIds, VocabularyOutputs


class MaskedLmConfig(ObjectiveConfig):
    """Cross entropy with the tokens that the stage's `masking` chose; for stages on a corpus.

        loss = mean over targets of -log softmax(student)[token]

    Paper:
        Devlin et al. 2019, section 3.1, arXiv:1810.04805.
    """

    reads_vocabulary: ClassVar[bool] = True

    kind: Literal["masked_lm"] = "masked_lm"

    @property
    def reads_targets(self) -> bool:
        """Read the tokens that were chosen to be predicted."""
        return True

    def build(self, *, student: EncoderShape, teacher: EncoderShape | None, path: str) -> "MaskedLm":
        """Make the objective; see `ObjectiveConfig.build`."""
        return MaskedLm()


class MaskedLm(Objective):
    """The objective that `MaskedLmConfig` builds."""

    def __init__(self) -> None:
        """Ask for the student's vocabulary alone."""
        super().__init__(student_needs=Needs(vocabulary=True), teacher_needs=Needs())
        self.unit = "targets"

    def compute(self, student: EncoderOutputs, teacher: EncoderOutputs, batch: Batch) -> Loss:
        """Compute the loss; see `Objective.compute`."""
        assert student.vocabulary is not None
        assert batch.target_ids is not None, "a stage whose objectives read targets has a masking"
        return masked_lm_loss(student.vocabulary, batch.target_ids, batch)


def masked_lm_loss(student: VocabularyOutputs, target_ids: TokenIds, batch: Batch) -> Loss:
    """Measure how badly the student predicts the tokens that were masked."""
    chosen = find_rows(batch, "targets")
    targets = target_ids.flatten()[chosen]
    total = sum_over_rows(
        take_rows(student.features, chosen),
        student.weight,
        student.bias,
        lambda logits, rows: functional.cross_entropy(logits, targets[rows], reduction="sum"),
    )
    return total / max(1, len(targets))
