"""A student built like BERT, of any depth and width."""

from collections.abc import Sequence
from typing import Literal

from potstill.hub import Encoder, build_bert
from potstill.students.transformer import TransformerStudentConfig
from potstill.tensors import EncoderShape


class BertStudentConfig(TransformerStudentConfig):
    """BERT with sizes of one's own; a size that is left out is the source's.

    A fraction is rounded to the nearest number that fits: widths of hidden states to a multiple of `num_heads`.
    """

    kind: Literal["bert"] = "bert"
    """Marks a BERT-like student."""

    def build_random(self, source: Encoder, shape: EncoderShape, label_names: Sequence[str]) -> Encoder:
        """Build a random BERT; see `TransformerStudentConfig.build_random`."""
        return build_bert(
            source,
            shape,
            dropout=self.dropout,
            attention_dropout=self.attention_dropout,
            label_names=label_names,
        )
