"""Hidden states: mean squared error, layer by layer, through a learned projection."""

from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from pydantic import model_validator
from torch import Tensor, nn

from potstill.layer_map import LayerMap
from potstill.objectives.fitting import pair_layers, require_same_width, require_teacher
from potstill.objectives.masked_means import Reduction, mean_over_tokens
from potstill.objectives.objective import Objective, ObjectiveConfig
from potstill.objectives.projection import ProjectionInit, fit_projection, learned_projection
from potstill.tensors import Batch, EncoderOutputs, EncoderShape, HiddenStates, Loss, Needs, TokenMask


class HiddenStatesConfig(ObjectiveConfig):
    """Mean squared error between projected hidden states, added up over the layers.

        loss = sum over pairs (m, g(m)) of MSE(student_m W + b, teacher_g(m))

    The MSE is a mean over real tokens and over the teacher's width.

    Paper:
        Jiao et al. 2020, equations 8 and 9, arXiv:1909.10351. The paper has separate maps without bias for the
        embedding output and for the layers; the authors' code has one map with bias for all, the default here.
    """

    needs_teacher: ClassVar[bool] = True
    reads_layers: ClassVar[bool] = True

    kind: Literal["hidden_states"] = "hidden_states"
    layer_map: LayerMap = "uniform"
    """Teacher layer that each student layer follows: a strategy, or a list of teacher layers (1-based)."""
    include_embeddings: bool = True
    """Compare the embedding outputs (index 0) too; the layer map never names them."""
    projection: Literal["none", "shared", "per_layer"] = "shared"
    """Learned map to the teacher's width: none (equal widths only), one for all, or one for each hidden state."""
    projection_bias: bool = True
    """Whether the learned maps have a bias; refused as false with projection none."""
    projection_init: ProjectionInit = "random"
    """random = N(0, 0.02), as published; fitted = by least squares on some texts before the first step, so that a
    student cut out of its teacher (init svd) keeps the directions in which its head was cut; ours."""
    reduction: Reduction = "mean"
    """mean = over real tokens; reference = padded positions count as well, as in the code of TinyBERT, which pads
    to 128; here a batch is padded to its longest text."""

    @model_validator(mode="after")
    def _has_effect(self) -> "HiddenStatesConfig":
        if self.projection == "none" and not self.projection_bias:
            raise ValueError("projection_bias = false has no effect with projection = 'none'; leave it out")
        if self.projection == "none" and self.projection_init == "fitted":
            raise ValueError("projection_init = 'fitted' has no effect with projection = 'none'; leave it out")
        return self

    def build(self, *, student: EncoderShape, teacher: EncoderShape | None, path: str) -> "HiddenStatesMse":
        """Make the objective; see `ObjectiveConfig.build`."""
        teacher = require_teacher(teacher, kind=self.kind, path=path)
        if self.projection == "none":
            require_same_width(
                student, teacher, kind=self.kind, remedy="set projection = 'shared' or 'per_layer'", path=path
            )
        layers = pair_layers(self.layer_map, student, teacher, path=path)
        pairs = ((0, 0), *layers) if self.include_embeddings else layers
        num_maps = {"none": 0, "shared": 1, "per_layer": len(pairs)}[self.projection]
        maps = [
            learned_projection(
                student_size=student.hidden_size, teacher_size=teacher.hidden_size, has_bias=self.projection_bias
            )
            for _ in range(num_maps)
        ]
        return HiddenStatesMse(pairs, maps, reduction=self.reduction, fits=self.projection_init == "fitted")


class HiddenStatesMse(Objective):
    """The objective that `HiddenStatesConfig` builds.

    Attributes:
        layer_pairs: Pairs (student index, teacher index) of hidden states.
        projections: No map, one for all pairs, or one for each pair in their order.
    """

    def __init__(
        self,
        layer_pairs: tuple[tuple[int, int], ...],
        projections: list[nn.Linear],
        *,
        reduction: Reduction,
        fits: bool = False,
    ) -> None:
        """Keep the pairs and the maps."""
        super().__init__(
            student_needs=Needs(hidden_states=frozenset(index for index, _ in layer_pairs)),
            teacher_needs=Needs(hidden_states=frozenset(index for _, index in layer_pairs)),
        )
        self.layer_pairs = layer_pairs
        self.projections = nn.ModuleList(projections)
        self.reduction: Reduction = reduction
        self.reads_padding = reduction == "reference"
        self.unit = "examples" if self.reads_padding else "tokens"
        self.fits = fits

    def fit(self, student: EncoderOutputs, teacher: EncoderOutputs, batch: Batch) -> None:
        """Fit the maps; see `Objective.fit`."""
        for number, projection in enumerate(self.projections):
            assert isinstance(projection, nn.Linear)
            pairs = self.layer_pairs[number :: len(self.projections)]
            fit_projection(
                projection,
                torch.cat([student.hidden_states[index][batch.token_mask] for index, _ in pairs]),
                torch.cat([teacher.hidden_states[index][batch.token_mask] for _, index in pairs]),
            )

    def compute(self, student: EncoderOutputs, teacher: EncoderOutputs, batch: Batch) -> Loss:
        """Compute the loss; see `Objective.compute`."""
        terms = [
            hidden_state_mse(
                self._project(student.hidden_states[student_index], position),
                teacher.hidden_states[teacher_index],
                batch.token_mask,
                reduction=self.reduction,
            )
            for position, (student_index, teacher_index) in enumerate(self.layer_pairs)
        ]
        return torch.stack(terms).sum()

    def _project(self, states: HiddenStates, position: int) -> Float[Tensor, "batch tokens teacher_hidden"]:
        if not self.projections:
            return states
        projected: Tensor = self.projections[position % len(self.projections)](states)  # a shared map is number 0
        return projected


def hidden_state_mse(
    student: Float[Tensor, "batch tokens hidden"],
    teacher: Float[Tensor, "batch tokens hidden"],
    token_mask: TokenMask,
    *,
    reduction: Reduction,
) -> Loss:
    """Measure the mean squared error between hidden states of one width."""
    errors = (student - teacher).square().mean(dim=-1)
    return errors.mean() if reduction == "reference" else mean_over_tokens(errors, token_mask)
