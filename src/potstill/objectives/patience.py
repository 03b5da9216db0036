"""Patience: the first token's hidden states through the layers."""

from typing import ClassVar, Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from potstill.layer_map import LayerMap
from potstill.objectives.fitting import pair_layers, require_same_width, require_teacher
from potstill.objectives.masked_means import Reduction
from potstill.objectives.objective import Objective, ObjectiveConfig
from potstill.tensors import Batch, EncoderOutputs, EncoderShape, Loss, Needs


class PatienceConfig(ObjectiveConfig):
    """Squared distance between the (normalised) hidden states of the first token, `[CLS]`, of equal width.

        loss = mean over batch of sum over pairs (j, I(j)) of || s_j / |s_j| - t_I(j) / |t_I(j)| ||^2

    The paper adds up the examples; we average over them, so that the weight does not depend on the batch size.

    Paper:
        Sun et al. 2019, equation 7, arXiv:1908.09355.
    """

    needs_teacher: ClassVar[bool] = True
    reads_layers: ClassVar[bool] = True

    kind: Literal["patience"] = "patience"
    layer_map: LayerMap = "skip"
    """Teacher layer that each student layer follows; skip and last leave the last student layer out, as the paper."""
    normalise: bool = True
    """Bring each vector to length 1 first; the authors' best runs on MNLI, QNLI and QQP did not."""
    reduction: Reduction = "mean"
    """mean = as above; reference = divided by layers and width too, as in the authors' code (weights of 10 to 1000)."""

    def build(self, *, student: EncoderShape, teacher: EncoderShape | None, path: str) -> "Patience":
        """Make the objective; see `ObjectiveConfig.build`."""
        teacher = require_teacher(teacher, kind=self.kind, path=path)
        remedy = "use kind = 'hidden_states', which learns a projection"
        require_same_width(student, teacher, kind=self.kind, remedy=remedy, path=path)
        return Patience(
            pair_layers(self.layer_map, student, teacher, path=path),
            normalise=self.normalise,
            reduction=self.reduction,
        )


class Patience(Objective):
    """The objective that `PatienceConfig` builds.

    Attributes:
        layer_pairs: Pairs (student layer, teacher layer).
    """

    def __init__(self, layer_pairs: tuple[tuple[int, int], ...], *, normalise: bool, reduction: Reduction) -> None:
        """Keep the pairs."""
        super().__init__(
            student_needs=Needs(hidden_states=frozenset(layer for layer, _ in layer_pairs)),
            teacher_needs=Needs(hidden_states=frozenset(layer for _, layer in layer_pairs)),
        )
        self.layer_pairs = layer_pairs
        self.normalise = normalise
        self.reduction: Reduction = reduction

    def compute(self, student: EncoderOutputs, teacher: EncoderOutputs, batch: Batch) -> Loss:
        """Compute the loss; see `Objective.compute`."""
        return patience_distance(
            torch.stack([student.hidden_states[layer][:, 0] for layer, _ in self.layer_pairs], dim=1),
            torch.stack([teacher.hidden_states[layer][:, 0] for _, layer in self.layer_pairs], dim=1),
            batch.token_mask[:, 0],
            normalise=self.normalise,
            reduction=self.reduction,
        )


def patience_distance(
    student: Float[Tensor, "batch layers hidden"],
    teacher: Float[Tensor, "batch layers hidden"],
    is_shared: Bool[Tensor, " batch"],
    *,
    normalise: bool,
    reduction: Reduction,
) -> Loss:
    """Measure the squared distance between first-token states, layer by layer, where both encoders have the token."""
    if normalise:
        student, teacher = functional.normalize(student, dim=-1), functional.normalize(teacher, dim=-1)
    squares = (student - teacher).square()
    squares, num_shared = squares.masked_fill(~is_shared[:, None, None], 0), is_shared.sum().clamp(min=1)
    if reduction == "reference":
        return squares.sum() / (num_shared * squares[0].numel())
    return squares.sum(dim=(1, 2)).sum() / num_shared
