"""Whether a student and a teacher fit an objective, and which of their layers are compared."""

from potstill.errors import RecipeError
from potstill.layer_map import LayerMap, resolve_layer_map
from potstill.tensors import EncoderShape


def require_teacher(teacher: EncoderShape | None, *, kind: str, path: str) -> EncoderShape:
    """Refuse a missing teacher."""
    if teacher is None:
        raise RecipeError(
            f"{path}: objective '{kind}' compares the student with a teacher and there is none; "
            "give a teacher, or leave only 'hard_labels', which needs none."
        )
    return teacher


def require_same_labels(student: EncoderShape, teacher: EncoderShape, *, kind: str, path: str) -> None:
    """Refuse logits that cannot be compared."""
    if student.num_labels != teacher.num_labels:
        raise RecipeError(
            f"{path}: '{kind}' compares logits label by label, but the student has {student.num_labels} labels and "
            f"the teacher {teacher.num_labels}; use a teacher that was fine-tuned on this task."
        )


def require_same_vocabulary(student: EncoderShape, teacher: EncoderShape, *, kind: str, path: str) -> None:
    """Refuse vocabularies that cannot be compared."""
    if student.vocab_size != teacher.vocab_size:
        raise RecipeError(
            f"{path}: '{kind}' compares scores token by token, but the student's vocabulary has {student.vocab_size} "
            f"tokens and the teacher's {teacher.vocab_size}; use kind = 'masked_lm', which needs no teacher."
        )


def require_same_width(student: EncoderShape, teacher: EncoderShape, *, kind: str, remedy: str, path: str) -> None:
    """Refuse hidden states that cannot be compared without a projection."""
    if student.hidden_size != teacher.hidden_size:
        raise RecipeError(
            f"{path}: '{kind}' compares hidden states of one width, but the student's are {student.hidden_size} wide "
            f"and the teacher's {teacher.hidden_size}; {remedy}."
        )


def require_same_heads(student: EncoderShape, teacher: EncoderShape, *, kind: str, path: str) -> None:
    """Refuse attention that cannot be compared head by head."""
    if student.num_heads != teacher.num_heads:
        raise RecipeError(
            f"{path}: '{kind}' compares attention head by head, but the student has {student.num_heads} heads and the "
            f"teacher {teacher.num_heads}; use kind = 'relations' with num_relation_heads, which needs no equal heads."
        )


def pair_layers(
    layer_map: LayerMap, student: EncoderShape, teacher: EncoderShape, *, path: str
) -> tuple[tuple[int, int], ...]:
    """Pair the student's first layers with the teacher's."""
    layers = resolve_layer_map(
        layer_map, student_layers=student.num_layers, teacher_layers=teacher.num_layers, path=f"{path}.layer_map"
    )
    return tuple(enumerate(layers, start=1))


def pick_layer(layer: int | None, *, num_layers: int, path: str) -> int:
    """Say which single layer is meant."""
    if layer is None:
        return num_layers
    if not 1 <= layer <= num_layers:
        raise RecipeError(
            f"{path}: layer {layer} does not exist; the encoder has {num_layers} layers (1 .. {num_layers}). "
            f"Did you mean {min(max(layer, 1), num_layers)}?"
        )
    return layer
