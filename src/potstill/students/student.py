"""The frame of every student: its config, and what it declares."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from potstill.config import Config, ConfigType
from potstill.data import Split
from potstill.hub import Encoder
from potstill.tensors import Batch


class StudentConfig(Config, ABC):
    """What is trained; each member adds its `kind` and its own fields."""

    is_source: ClassVar[bool] = False
    """Whether it is its source, all of it, so that nothing is compressed."""
    depends_on_texts: ClassVar[bool] = False
    """Whether its sizes depend on the texts of the task."""

    kind: str
    """Names the student in recipes; a member has one as its default."""

    @abstractmethod
    def build(
        self,
        source: Encoder,
        label_names: Sequence[str],
        *,
        calibration: Batch | None = None,
        examples: Split | None = None,
    ) -> Encoder:
        """Build the student and start it.

        Args:
            source: The encoder that it is started from and whose tokenizer it may use; unchanged.
            label_names: Names of the labels; empty for scores.
            calibration: Some texts of the task, tokenised; None = random token ids.
            examples: The training examples as text; None where there are none, as before a task.

        Returns:
            The student on the CPU; random weights come from torch's global generator.

        Raises:
            RecipeError: The sizes do not fit.
        """

    @abstractmethod
    def with_random_start(self: ConfigType) -> ConfigType:
        """Make the control: the same student from random weights.

        Returns:
            The changed config.

        Raises:
            RecipeError: It has no other start than its own.
        """

    def tell_start(self, source: str) -> str:
        """Say what its first weights are, in a sentence about the student.

        Args:
            source: What the source is called.

        Returns:
            The end of the sentence.
        """
        return f"starts from {source}"
