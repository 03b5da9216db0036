"""A student as students/README asks for one: BERT of one layer, at random."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from potstill.data import Split
from potstill.hub import Encoder, build_bert
from potstill.students.student import StudentConfig
from potstill.tensors import Batch


class ShortBertStudentConfig(StudentConfig):
    """BERT of one layer."""

    kind: Literal["short_bert"] = "short_bert"

    def build(
        self,
        source: Encoder,
        label_names: Sequence[str],
        *,
        calibration: Batch | None = None,
        examples: Split | None = None,
    ) -> Encoder:
        """Build it."""
        shape = replace(source.shape, num_layers=1)
        return build_bert(source, shape, dropout=0.0, attention_dropout=0.0, label_names=label_names)

    def with_random_start(self) -> "ShortBertStudentConfig":
        """Give it as it is."""
        return self
