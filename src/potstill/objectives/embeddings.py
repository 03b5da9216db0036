"""Embedding outputs: mean squared error on hidden state 0 alone."""

from typing import ClassVar, Literal

from pydantic import model_validator
from torch import nn

from potstill.objectives.fitting import require_same_width, require_teacher
from potstill.objectives.hidden_states import hidden_state_mse
from potstill.objectives.masked_means import Reduction
from potstill.objectives.objective import Objective, ObjectiveConfig
from potstill.objectives.projection import ProjectionInit, fit_projection, learned_projection
from potstill.tensors import Batch, EncoderOutputs, EncoderShape, Loss, Needs


class EmbeddingsConfig(ObjectiveConfig):
    """Mean squared error between projected embedding outputs (hidden state 0).

        loss = MSE(student_0 W + b, teacher_0), a mean over real tokens and over the teacher's width

    Where the hidden states are compared too, `hidden_states` with `include_embeddings` shares one map among all.

    Paper:
        Jiao et al. 2020, equation 9, arXiv:1909.10351 (without bias).
    """

    needs_teacher: ClassVar[bool] = True
    reads_layers: ClassVar[bool] = True

    kind: Literal["embeddings"] = "embeddings"
    projection: Literal["none", "linear"] = "linear"
    """Learned map to the teacher's width, or none (equal widths only)."""
    projection_bias: bool = True
    """Whether the learned map has a bias; refused as false with projection none."""
    projection_init: ProjectionInit = "random"
    """random = N(0, 0.02), as published; fitted = by least squares on some texts before the first step; ours."""
    reduction: Reduction = "mean"
    """mean = over real tokens; reference = padded positions count as well, as in the code of TinyBERT, which pads
    to 128; here a batch is padded to its longest text."""

    @model_validator(mode="after")
    def _has_effect(self) -> "EmbeddingsConfig":
        if self.projection == "none" and not self.projection_bias:
            raise ValueError("projection_bias = false has no effect with projection = 'none'; leave it out")
        if self.projection == "none" and self.projection_init == "fitted":
            raise ValueError("projection_init = 'fitted' has no effect with projection = 'none'; leave it out")
        return self

    def build(self, *, student: EncoderShape, teacher: EncoderShape | None, path: str) -> "Embeddings":
        """Make the objective; see `ObjectiveConfig.build`."""
        teacher = require_teacher(teacher, kind=self.kind, path=path)
        if self.projection == "none":
            require_same_width(student, teacher, kind=self.kind, remedy="set projection = 'linear'", path=path)
            return Embeddings(nn.Identity(), reduction=self.reduction)
        projection = learned_projection(
            student_size=student.hidden_size, teacher_size=teacher.hidden_size, has_bias=self.projection_bias
        )
        return Embeddings(projection, reduction=self.reduction, fits=self.projection_init == "fitted")


class Embeddings(Objective):
    """The objective that `EmbeddingsConfig` builds.

    Attributes:
        projection: The map to the teacher's width.
    """

    def __init__(self, projection: nn.Module, *, reduction: Reduction, fits: bool = False) -> None:
        """Keep the map."""
        needs = Needs(hidden_states=frozenset({0}))
        super().__init__(student_needs=needs, teacher_needs=needs)
        self.projection = projection
        self.reduction: Reduction = reduction
        self.reads_padding = reduction == "reference"
        self.unit = "examples" if self.reads_padding else "tokens"
        self.fits = fits

    def fit(self, student: EncoderOutputs, teacher: EncoderOutputs, batch: Batch) -> None:
        """Fit the map; see `Objective.fit`."""
        assert isinstance(self.projection, nn.Linear)
        mask = batch.token_mask
        fit_projection(self.projection, student.hidden_states[0][mask], teacher.hidden_states[0][mask])

    def compute(self, student: EncoderOutputs, teacher: EncoderOutputs, batch: Batch) -> Loss:
        """Compute the loss; see `Objective.compute`."""
        return hidden_state_mse(
            self.projection(student.hidden_states[0]),
            teacher.hidden_states[0],
            batch.token_mask,
            reduction=self.reduction,
        )
