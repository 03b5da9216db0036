"""Which teacher layer a student layer follows: pure arithmetic, used for supervision and for initialisation.

Layers are counted from 1 (the outputs `hidden_states[1] .. [num_layers]`); index 0, the embedding output, is
mapped to 0 by those who use it and never appears here.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from potstill.errors import RecipeError

LayerStrategy = Literal["uniform", "top", "bottom", "skip", "last", "spread"]
LayerMap = LayerStrategy | Annotated[tuple[int, ...], Field(min_length=1)]


def resolve_layer_map(
    layer_map: LayerMap, *, student_layers: int, teacher_layers: int, path: str = "layer_map"
) -> tuple[int, ...]:
    """Say which teacher layer each student layer follows.

    With M student and N teacher layers, for student layer m = 1..M:

        uniform  g(m) = m N / M, rounded half up where N / M is not whole
        skip     the same, without the last student layer (m = 1..M-1)
        top      g(m) = m + N - M
        last     the same, without the last student layer (m = 1..M-1)
        bottom   g(m) = m
        spread   g(m) = 1 + (m - 1) (N - 1) / (M - 1), rounded half up: evenly from the first layer to the
                 last; a single student layer takes the first

    Args:
        layer_map: A strategy by name, or the teacher layers in the order of the student's layers
            1, 2, ...; an explicit list may be shorter than the student but not longer.
        student_layers: M >= 1.
        teacher_layers: N >= M.
        path: Where the map stands in the recipe, for the error message.

    Returns:
        Teacher layers (1-based), one for each of the first student layers.

    Raises:
        RecipeError: A layer does not exist, or the map has more entries than the student has layers.

    Paper:
        Uniform, top, bottom: Jiao et al. 2020, sections 3 and 4.6, arXiv:1909.10351; skip and last: Sun et al.
        2019, section 3, arXiv:1908.09355. The rounding is ours: the papers have whole ratios only. Spread is ours
        too; with M = 6 and N = 12 it gives the layers that the code of Sanh et al. 2019, arXiv:1910.01108, lists.

    Example:
        >>> resolve_layer_map("uniform", student_layers=4, teacher_layers=12)
        (3, 6, 9, 12)
        >>> resolve_layer_map("uniform", student_layers=4, teacher_layers=6)
        (2, 3, 5, 6)
        >>> resolve_layer_map("skip", student_layers=6, teacher_layers=12)
        (2, 4, 6, 8, 10)
        >>> resolve_layer_map("spread", student_layers=6, teacher_layers=12)
        (1, 3, 5, 8, 10, 12)
    """
    if isinstance(layer_map, str):
        return _named(layer_map, student_layers, teacher_layers, path)
    return _explicit(layer_map, student_layers, teacher_layers, path)


def _named(name: str, num_student: int, num_teacher: int, path: str) -> tuple[int, ...]:
    if num_student > num_teacher:
        raise RecipeError(
            f"{path}: '{name}' needs a teacher at least as deep as the student; the student has {num_student} layers, "
            f"the teacher {num_teacher}. Give a list of {num_student} teacher layers from 1 to {num_teacher} instead."
        )
    last = num_student - 1 if name in ("skip", "last") else num_student
    if last == 0:
        raise RecipeError(
            f"{path}: '{name}' leaves out the last layer and the student has only 1 layer, so nothing is left. "
            "Use 'uniform' or 'top'."
        )
    layers = range(1, last + 1)
    if name in ("uniform", "skip"):
        return tuple((2 * layer * num_teacher + num_student) // (2 * num_student) for layer in layers)
    if name == "spread":
        gaps = max(1, num_student - 1)
        return tuple(1 + (2 * (layer - 1) * (num_teacher - 1) + gaps) // (2 * gaps) for layer in layers)
    offset = 0 if name == "bottom" else num_teacher - num_student
    return tuple(layer + offset for layer in layers)


def _explicit(layers: Sequence[int], num_student: int, num_teacher: int, path: str) -> tuple[int, ...]:
    if len(layers) > num_student:
        raise RecipeError(
            f"{path}: {list(layers)} names {len(layers)} layers, but the student has only {num_student}. "
            f"Give at most {num_student}."
        )
    for layer in layers:
        if not 1 <= layer <= num_teacher:
            raise RecipeError(
                f"{path}: teacher layer {layer} does not exist; the teacher has {num_teacher} layers "
                f"(1 .. {num_teacher}; the embedding output 0 is matched separately). "
                f"Did you mean {min(max(layer, 1), num_teacher)}?"
            )
    return tuple(layers)
