"""A student built like BERT, of any depth and width."""

from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from potstill.config import Config
from potstill.errors import RecipeError
from potstill.hub import Encoder, build_bert
from potstill.students.starts import CheckpointStart, RandomStart, TeacherLayersStart
from potstill.students.svd import SvdStart
from potstill.tensors import Batch

__all__ = ["AnyStart", "BertStudentConfig"]

AnyStart: TypeAlias = Annotated[
    CheckpointStart | RandomStart | SvdStart | TeacherLayersStart, Field(discriminator="kind")
]


class BertStudentConfig(Config):
    """BERT with sizes of one's own; a size that is left out is the source's."""

    kind: Literal["bert"] = "bert"
    """Marks a BERT-like student."""
    num_layers: int | None = Field(default=None, ge=1, le=96)
    """Transformer layers."""
    hidden_size: int | None = Field(default=None, ge=8, le=8192)
    """Width of the hidden states; a multiple of num_heads."""
    feed_forward_size: int | None = Field(default=None, ge=8, le=32768)
    """Inner width of the feed-forward block."""
    num_heads: int | None = Field(default=None, ge=1, le=128)
    """Attention heads of a layer."""
    dropout: float = Field(default=0.1, ge=0.0, lt=1.0)
    """Dropout of hidden states and of the head."""
    attention_dropout: float = Field(default=0.1, ge=0.0, lt=1.0)
    """Dropout of attention probabilities."""
    init: AnyStart = TeacherLayersStart()
    """How its weights start."""

    def build(self, source: Encoder, label_names: Sequence[str], *, sample: Batch | None = None) -> Encoder:
        """Build the student and start it.

        Args:
            source: The encoder it takes sizes, tokenizer and, by `init`, weights from; unchanged.
            label_names: Names of the labels; empty for a regression.
            sample: Some texts of the task, on which the start `svd` makes its fits; None = random token ids.

        Returns:
            The student on the CPU; random weights come from torch's global generator.

        Raises:
            RecipeError: The sizes do not fit each other or the start.
            ModelError: The source's parts cannot be used.
        """
        shape = source.shape
        hidden_size, num_heads = self.hidden_size or shape.hidden_size, self.num_heads or shape.num_heads
        if hidden_size % num_heads:
            raise RecipeError(
                f"student.num_heads: {num_heads} heads do not divide hidden_size {hidden_size}; choose a divisor."
            )
        student = build_bert(
            source,
            num_layers=self.num_layers or shape.num_layers,
            hidden_size=hidden_size,
            feed_forward_size=self.feed_forward_size or shape.feed_forward_size,
            num_heads=num_heads,
            dropout=self.dropout,
            attention_dropout=self.attention_dropout,
            label_names=label_names,
        )
        self.init.fill(student, source, sample)
        return student
