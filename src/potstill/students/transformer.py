"""What students built of transformer layers share: sizes of their own, and a start."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, TypeAlias, TypeVar

from pydantic import Field

from potstill.data import Split
from potstill.errors import RecipeError
from potstill.hub import Encoder
from potstill.students.starts import CheckpointStart, RandomStart, TeacherLayersStart
from potstill.students.student import StudentConfig
from potstill.students.svd import SvdStart
from potstill.tensors import Batch, EncoderShape

AnyStart: TypeAlias = Annotated[
    CheckpointStart | RandomStart | SvdStart | TeacherLayersStart, Field(discriminator="kind")
]
StudentType = TypeVar("StudentType", bound="TransformerStudentConfig")
Size: TypeAlias = Annotated[int, Field(ge=1, le=32768, strict=True)] | Annotated[float, Field(gt=0.0, le=1.0)]


class TransformerStudentConfig(StudentConfig, ABC):
    """Sizes of one's own; a size that is left out is the source's.

    A fraction is rounded to the nearest number that fits: widths of hidden states to a multiple of `num_heads`.
    """

    num_layers: Size | None = None
    """Transformer layers: a number, or a fraction of the source's."""
    hidden_size: Size | None = None
    """Width of the hidden states, a multiple of num_heads: a number, or a fraction of the source's."""
    feed_forward_size: Size | None = None
    """Inner width of the feed-forward block: a number, or a fraction of the source's."""
    num_heads: int | None = Field(default=None, ge=1, le=128)
    """Attention heads of a layer."""
    dropout: float = Field(default=0.1, ge=0.0, lt=1.0)
    """Dropout of hidden states and, where the student has no other field for it, of the head."""
    attention_dropout: float = Field(default=0.1, ge=0.0, lt=1.0)
    """Dropout of attention probabilities."""
    init: AnyStart = TeacherLayersStart()
    """How its weights start."""

    def build(
        self,
        source: Encoder,
        label_names: Sequence[str],
        *,
        calibration: Batch | None = None,
        examples: Split | None = None,
    ) -> Encoder:
        """Build the student and start it."""
        student = self.build_random(source, self._resolve(source.shape), label_names)
        self.init.fill(student, source, calibration)
        return student

    @abstractmethod
    def build_random(self, source: Encoder, shape: EncoderShape, label_names: Sequence[str]) -> Encoder:
        """Build the student with random weights."""

    def with_random_start(self: StudentType) -> StudentType:
        """Make the control: the same student with `init.kind = "random"`."""
        return self.model_copy(update={"init": RandomStart()})

    def tell_start(self, source: str) -> str:
        """Say it of the start; see `StudentConfig.tell_start`."""
        return self.init.tell(source)

    def _resolve(self, full: EncoderShape) -> EncoderShape:
        """Turn sizes that are left out, or are fractions of the source's, into numbers."""
        num_heads = self.num_heads or full.num_heads
        hidden_size = _resolve(self.hidden_size, full.hidden_size, multiple=num_heads)
        if hidden_size % num_heads:
            raise RecipeError(
                f"student.num_heads: {num_heads} heads do not divide hidden_size {hidden_size}; choose a divisor."
            )
        return replace(
            full,
            num_layers=_resolve(self.num_layers, full.num_layers),
            hidden_size=hidden_size,
            feed_forward_size=_resolve(self.feed_forward_size, full.feed_forward_size),
            num_heads=num_heads,
        )


def _resolve(wanted: int | float | None, full: int, *, multiple: int = 1) -> int:
    if wanted is None:
        return full
    if isinstance(wanted, int):
        return wanted
    return multiple * max(1, round(wanted * full / multiple))
