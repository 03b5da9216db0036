"""Soft labels: the student's softened class probabilities against the teacher's."""

from typing import ClassVar, Literal

import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from potstill.answers import OneClass
from potstill.config import ConfigType
from potstill.errors import RecipeError
from potstill.objectives.fitting import require_same_labels, require_teacher
from potstill.objectives.masked_means import Reduction
from potstill.objectives.objective import Objective, ObjectiveConfig
from potstill.tensors import Batch, EncoderOutputs, EncoderShape, Logits, Loss, Needs

Divergence = Literal["kl", "cross_entropy"]
_NEVER = -200.0
"""The logarithm of a probability that single precision cannot tell from 0."""


class SoftLabelsConfig(ObjectiveConfig):
    """Softened class probabilities of the student against the teacher's; not for scores.

        loss = T^2 * mean over batch of D(softmax(teacher / T), softmax(student / T))

    Where only some labels of a teacher's answer are known, all others count as one label, see `told_divergence`.

    Paper:
        Hinton, Vinyals and Dean 2015, section 2, arXiv:1503.02531.
    """

    needs_teacher: ClassVar[bool] = True
    reads_logits: ClassVar[bool] = True
    reads_partial_answers: ClassVar[bool] = True

    kind: Literal["soft_labels"] = "soft_labels"
    temperature: float = Field(default=1.0, gt=0)
    """T > 0 divides both logits; 1 leaves both distributions as they are, more makes them flatter."""
    divergence: Divergence = "kl"
    """D: kl is 0 where both agree; cross_entropy adds the teacher's entropy and has the same gradient."""
    temperature_squared: bool = True
    """Multiply by T^2, so that the gradient keeps its size when T changes. PKD and DistilBERT do; TinyBERT does not."""
    reduction: Reduction = "mean"
    """mean = over examples; reference = divided by the number of labels too, as in the code of PKD and of TinyBERT."""
    independent: bool = False
    """Each label for itself: the two probabilities sigmoid(z / T) and sigmoid(-z / T) in place of the softmax, and a
    mean over the labels. Tasks whose texts may have several labels set it."""

    def with_independent_labels(self: ConfigType) -> ConfigType:
        """Take each label for itself."""
        return self.model_copy(update={"independent": True})

    def build(self, *, student: EncoderShape, teacher: EncoderShape | None, path: str) -> "SoftLabels":
        """Make the objective; see `ObjectiveConfig.build`."""
        teacher = require_teacher(teacher, kind=self.kind, path=path)
        require_same_labels(student, teacher, kind=self.kind, path=path)
        if student.num_labels == 1:
            raise RecipeError(
                f"{path}: 'soft_labels' needs at least 2 labels and this student has 1 (a score); use kind = "
                f"'logits_mse', or set when = '{OneClass.when}' here to leave it out for scores."
            )
        return SoftLabels(self)


class SoftLabels(Objective):
    """The objective that `SoftLabelsConfig` builds."""

    unit = "rows"

    def __init__(self, config: SoftLabelsConfig) -> None:
        """Keep the settings."""
        super().__init__(student_needs=Needs(logits=True), teacher_needs=Needs(logits=True))
        self.config = config

    def compute(self, student: EncoderOutputs, teacher: EncoderOutputs, batch: Batch) -> Loss:
        """Compute the loss; see `Objective.compute`."""
        assert student.logits is not None
        assert teacher.logits is not None
        config = self.config
        factor = config.temperature**2 if config.temperature_squared else 1.0
        if config.reduction == "reference":
            factor /= student.logits.shape[1]
        ours, theirs = student.logits, teacher.logits
        if teacher.told is not None:
            return factor * told_divergence(ours, theirs, teacher.told, config=config)
        if config.independent:
            ours, theirs = _as_pairs(ours), _as_pairs(theirs)
        return factor * soft_label_divergence(
            ours, theirs, temperature=config.temperature, divergence=config.divergence
        )


def _as_pairs(logits: Logits) -> Float[Tensor, "pairs two"]:
    """Give two logits for each example and label, of which softmax makes sigmoid(z) and sigmoid(-z)."""
    flat = logits.reshape(-1, 1)
    return torch.cat([flat, torch.zeros_like(flat)], dim=1)


def soft_label_divergence(student: Logits, teacher: Logits, *, temperature: float, divergence: Divergence) -> Loss:
    """Measure how far the student's softened labels are from the teacher's.

    kl             mean over batch of sum_c t_c (log t_c - log s_c)
    cross_entropy  mean over batch of -sum_c t_c log s_c
    with t = softmax(teacher / T), s = softmax(student / T); no factor T^2 here
    """
    student_log_probs = (student / temperature).log_softmax(dim=-1)
    teacher = teacher / temperature
    if divergence == "cross_entropy":
        return functional.cross_entropy(student_log_probs, teacher.softmax(dim=-1))
    return functional.kl_div(student_log_probs, teacher.log_softmax(dim=-1), reduction="batchmean", log_target=True)


def told_divergence(
    student: Logits, teacher: Logits, told: Bool[Tensor, "rows labels"], *, config: SoftLabelsConfig
) -> Loss:
    """Measure the divergence over what is told of a teacher, of which the answers for some labels are not known.

    one class   mean over batch of D over the labels that are told and one more, that it is any of the others:
                t_rest = sum over c not told of t_c, s_rest = sum over c not told of s_c
    each label  mean over the labels that are told of D

    with t, s and D as in `soft_label_divergence`. The teacher's probabilities must be complete: how it shares the rest
    among the labels that are not told decides, for T other than 1, how much t_rest is, and nothing else. At T = 1 the
    first is the divergence of the answers as they were given, and never more than that of the whole distributions.
    """
    log_student, log_teacher = (each / config.temperature for each in (student, teacher))
    if config.independent:
        log_student, log_teacher = _as_pairs(log_student), _as_pairs(log_teacher)
        each = _divergences(log_student.log_softmax(-1), log_teacher.log_softmax(-1), config.divergence).sum(dim=1)
        kept = told.reshape(-1)
        return (each * kept).sum() / kept.sum().clamp(min=1)
    ours, theirs = (_lump(each.log_softmax(-1), told) for each in (log_student, log_teacher))
    return _divergences(ours, theirs, config.divergence).sum(dim=1).mean()


def _lump(log_probs: Logits, told: Bool[Tensor, "rows labels"]) -> Float[Tensor, "rows labels+1"]:
    """Put one label in the place of all that are not told; what is impossible is very improbable."""
    rest = log_probs.masked_fill(told, _NEVER).logsumexp(dim=-1, keepdim=True)
    return torch.cat([log_probs.masked_fill(~told, _NEVER), rest], dim=-1)


def _divergences(
    student: Float[Tensor, "rows terms"], teacher: Float[Tensor, "rows terms"], divergence: Divergence
) -> Float[Tensor, "rows terms"]:
    """Give the terms of a divergence, label by label, from log-probabilities."""
    return teacher.exp() * ((teacher if divergence == "kl" else 0.0) - student)
