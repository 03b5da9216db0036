"""The frame of every method: a config, what it prepares for many rows at once, and what it draws for one."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from potstill.augmentation.words import Edit
from potstill.augmentation.workers import WorkerPool
from potstill.config import Config, ConfigType
from potstill.progress import ProgressCallback

if TYPE_CHECKING:
    from potstill.hub import Encoder

Row: TypeAlias = tuple[str, ...]
"""The texts of one example: one, or two where the task is about pairs."""
Variant: TypeAlias = tuple[Edit, ...]
"""What became of each text of a row; a text that was left alone has no changes."""
Uniforms: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a method may be built from.

    Attributes:
        rows: All examples that are to be varied.
        workers: Processes that share work.
        callback: Draws progress.
        teacher: The teacher of the run, where there is one.
        precision: Arithmetic of matrix products, `fp32` or `bf16`.
        device: Where models run, as torch calls it.
    """

    rows: Sequence[Row]
    workers: WorkerPool
    callback: ProgressCallback
    teacher: "Encoder | None" = None
    precision: str = "fp32"
    device: str = "cpu"


class Sampler(ABC):
    """Draws variants of one row. It is sent to other processes, so it holds no model."""

    @abstractmethod
    def draw(self, prepared: Any, random: Generator, attempts: int) -> list[Variant]:  # noqa: ANN401 - the method's own
        """Draw variants.

        Args:
            prepared: What `Method.prepare` made of the row.
            random: The row's own stream; the variants depend on nothing else.
            attempts: How often to try.

        Returns:
            What the tries gave; those that are equal to a row of the data or to one another are dropped later.
        """


class Method(ABC):
    """A built method; it lives in the main process, where models are.

    Attributes:
        sampler: Draws from what `prepare` made.
    """

    sampler: Sampler

    @abstractmethod
    def prepare(self, first: int, rows: Sequence[Row]) -> Sequence[Any]:
        """Do for many rows at once what is cheaper that way, such as running a model over them.

        Args:
            first: Number of the first row.
            rows: Consecutive rows.

        Returns:
            For each row what its draws need; it can be pickled.
        """


class MethodConfig(Config, ABC):
    """Settings of one method; each member adds its `kind` and its own fields."""

    kind: str
    """Names the method in recipes; a member has one as its default."""

    @property
    def asks_base(self) -> bool:
        """Whether it wants the pre-trained `teacher.base` of the recipe for its masked language model."""
        return False

    def with_masked_lm(self: ConfigType, name: str | None) -> ConfigType:
        """Put the masked language model in the place where it was asked for; None where there is none."""
        return self

    @property
    def drops_words(self) -> str | None:
        """Name the field by which words are dropped or moved; None where each stays at its place."""
        return None

    @abstractmethod
    def default_copies(self, task: str) -> int:
        """Say how often each row is varied where the user does not.

        Args:
            task: Name of the task, such as `sst-2`.

        Returns:
            The published number for a known task, and a general one for any other.
        """

    @abstractmethod
    def sources(self, teacher: str | None) -> dict[str, str]:
        """Name what else decides the outcome, such as fingerprints of models and of files.

        Args:
            teacher: Fingerprint of the teacher of the run, if there is one.

        Returns:
            Fingerprints by name.

        Raises:
            PotstillError: Something that the config names is not there.
        """

    @abstractmethod
    def build(self, material: Material) -> Method:
        """Make the method for the rows of a task.

        Args:
            material: The rows, and what else there is.

        Returns:
            The method.

        Raises:
            PotstillError: Something that the config names cannot be used.
        """
