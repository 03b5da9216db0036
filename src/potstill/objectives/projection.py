"""The learned map from the student's width to the teacher's."""

from torch import nn

__all__ = ["learned_projection"]


def learned_projection(*, student_size: int, teacher_size: int, has_bias: bool) -> nn.Linear:
    """Make a trainable linear map with the initialisation of BERT: weights from N(0, 0.02), bias 0.

    Args:
        student_size: Width that goes in.
        teacher_size: Width that comes out.
        has_bias: Whether a bias is added.

    Returns:
        The map, float32; its weights come from torch's generator.
    """
    projection = nn.Linear(student_size, teacher_size, bias=has_bias)
    nn.init.normal_(projection.weight, std=0.02)
    if has_bias:
        nn.init.zeros_(projection.bias)
    return projection
