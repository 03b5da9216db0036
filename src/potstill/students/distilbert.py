"""A student with DistilBERT's architecture: BERT without segments and without pooler."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from potstill.hub import Encoder, build_distilbert, find_parts
from potstill.students.starts import TeacherLayersStart
from potstill.students.transformer import AnyStart, TransformerStudentConfig
from potstill.tensors import EncoderShape


class DistilBertStudentConfig(TransformerStudentConfig):
    """DistilBERT with sizes of one's own; a size that is left out is the source's.

    No segments and no pooler; the head is Linear, ReLU, dropout, Linear over the first token. A fraction is rounded to
    the nearest number that fits: widths of hidden states to a multiple of `num_heads`.

    Paper:
        Sanh et al. 2019, section 3, arXiv:1910.01108.
    """

    kind: Literal["distilbert"] = "distilbert"
    """Marks a student with DistilBERT's architecture."""
    head_dropout: float = Field(default=0.2, ge=0.0, lt=1.0)
    """Dropout of the head."""
    freeze_positions: bool = False
    """Keep the position embeddings as they start, as the published training configuration did."""
    init: AnyStart = TeacherLayersStart(layers="spread")
    """How its weights start; by default from layers spread from the first to the last: 1, 3, 5, 8, 10, 12 of 12."""

    def build_random(self, source: Encoder, shape: EncoderShape, label_names: Sequence[str]) -> Encoder:
        """Build a random DistilBERT; see `TransformerStudentConfig.build_random`."""
        student = build_distilbert(
            source,
            shape,
            dropout=self.dropout,
            attention_dropout=self.attention_dropout,
            head_dropout=self.head_dropout,
            label_names=label_names,
        )
        find_parts(student).positions.requires_grad_(not self.freeze_positions)
        return student
