"""The source itself, all of it: what fine-tuning a teacher trains."""

import copy
from collections.abc import Sequence
from typing import ClassVar, Literal

from potstill.config import ConfigType
from potstill.data import Split
from potstill.errors import RecipeError
from potstill.hub import Encoder
from potstill.students.student import StudentConfig
from potstill.tensors import Batch


class WholeStudentConfig(StudentConfig):
    """The source with a head for the task."""

    is_source: ClassVar[bool] = True

    kind: Literal["whole"] = "whole"
    """Marks the whole source."""

    def build(
        self,
        source: Encoder,
        label_names: Sequence[str],
        *,
        calibration: Batch | None = None,
        examples: Split | None = None,
    ) -> Encoder:
        """Copy the source."""
        assert source.label_names == tuple(label_names), (source.label_names, label_names)
        return copy.deepcopy(source).requires_grad_(True)

    def with_random_start(self: ConfigType) -> ConfigType:
        """Refuse a random start, since the student is the source itself."""
        raise RecipeError("student.kind: a 'whole' student has no other start than its own.")

    def tell_start(self, source: str) -> str:
        """Say that it is the source; see `StudentConfig.tell_start`."""
        return f"starts as {source}, all of it"
