"""Build objectives as a recipe does, and draw what they read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from hypothesis import strategies as st
from pydantic import TypeAdapter
from random_outputs import encoder_shape, make_batch, random_outputs
from torch import Tensor

from potstill.objectives import AnyObjectiveConfig, Objective, ObjectiveConfig
from potstill.tensors import Batch, EncoderOutputs, EncoderShape

ADAPTER: TypeAdapter[ObjectiveConfig] = TypeAdapter(AnyObjectiveConfig)


def build(kind: str, *, student: EncoderShape, teacher: EncoderShape | None, **fields: Any) -> Objective:
    config = ADAPTER.validate_python({"kind": kind} | fields)
    return config.build(student=student, teacher=teacher, path="stages.0.objectives.0")


@dataclass(frozen=True)
class Encoders:
    """What a student and a teacher of some shape gave for the same batch."""

    student_shape: EncoderShape
    teacher_shape: EncoderShape
    student: EncoderOutputs
    teacher: EncoderOutputs
    batch: Batch

    @property
    def mask(self) -> list[list[bool]]:
        return self.batch.token_mask.tolist()

    def build(self, kind: str, **fields: Any) -> Objective:
        return build(kind, student=self.student_shape, teacher=self.teacher_shape, **fields)

    def loss(self, kind: str, **fields: Any) -> float:
        return self.build(kind, **fields)(self.student, self.teacher, self.batch).item()


@st.composite
def encoders(draw: Callable[..., Any], *, same_width: bool = False) -> Encoders:
    """Draw two encoders and a batch; the first token is always real, padding may stand anywhere else."""
    rows = st.integers(1, 5).flatmap(lambda length: st.lists(st.booleans(), min_size=length, max_size=length))
    first = draw(rows)
    others = draw(st.lists(st.lists(st.booleans(), min_size=len(first), max_size=len(first)), max_size=2))
    mask = torch.tensor([first, *others], dtype=torch.bool)
    mask[:, 0] = True
    heads = draw(st.integers(1, 3))
    labels = draw(st.integers(2, 4))
    student_size, teacher_size = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    student_layers = draw(st.integers(2, 3))
    student = encoder_shape(layers=student_layers, hidden=heads * student_size, heads=heads, labels=labels)
    teacher = encoder_shape(
        layers=student_layers * draw(st.integers(1, 2)),
        hidden=heads * (student_size if same_width else teacher_size),
        heads=heads,
        labels=labels,
    )
    seed = draw(st.integers(0, 2**16))
    classes = torch.randint(labels, (len(mask),), generator=torch.Generator().manual_seed(seed))
    return Encoders(
        student_shape=student,
        teacher_shape=teacher,
        student=random_outputs(student, mask, seed=seed, scale=2.0),
        teacher=random_outputs(teacher, mask, seed=seed + 1, scale=2.0),
        batch=make_batch(mask, labels=classes),
    )


def as_lists(tensor: Tensor | None) -> Any:
    """Leave torch behind."""
    assert tensor is not None
    return tensor.double().tolist()
