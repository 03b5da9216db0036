"""The learned map from the student's width to the teacher's."""

from typing import Literal, TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

ProjectionInit: TypeAlias = Literal["random", "fitted"]


def learned_projection(*, student_size: int, teacher_size: int, has_bias: bool) -> nn.Linear:
    """Make a trainable linear map with the initialisation of BERT: weights from N(0, 0.02), bias 0."""
    projection = nn.Linear(student_size, teacher_size, bias=has_bias)
    nn.init.normal_(projection.weight, std=0.02)
    if has_bias:
        nn.init.zeros_(projection.bias)
    return projection


@torch.no_grad()
def fit_projection(
    projection: nn.Linear,
    student: Float[Tensor, "tokens student_hidden"],
    teacher: Float[Tensor, "tokens teacher_hidden"],
) -> None:
    """Fit a map by least squares: of all maps that give the smallest error, the shortest.

    W, b = argmin  sum over tokens of |student W + b - teacher|^2
    """
    inputs = student.double() if projection.bias is None else functional.pad(student.double(), (0, 1), value=1.0)
    solution = torch.linalg.pinv(inputs) @ teacher.double()
    projection.weight.copy_(solution[: student.shape[1]].T)
    if projection.bias is not None:
        projection.bias.copy_(solution[-1])
