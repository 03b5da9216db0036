"""What a recipe says about the texts that are made out of its training data."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from potstill.augmentation.filtering import FilterConfig
from potstill.augmentation.method import MethodConfig
from potstill.augmentation.tang import TangConfig
from potstill.config import Config
from potstill.kinds import AnyKind

AnyMethodConfig: TypeAlias = Annotated[MethodConfig, AnyKind()]
"""Every method that a recipe can name by its `kind`: those of this room, and those of plug-ins."""


class AugmentationConfig(Config):
    """How new texts are made, which are kept, and what label they have."""

    method: AnyMethodConfig = TangConfig()
    """How a text is varied."""
    copies: int | None = Field(default=None, ge=1, le=1000)
    """Tries for each row; in TinyBERT's method for each text of a pair. A try that gives a text which is there already
    is lost. Absent: the published number for the task."""
    seed: int = Field(default=0, ge=0, lt=2**32)
    """Seeds the draws; every row has a stream of its own."""
    keep_originals: bool = True
    """Whether the rows that the texts are made from belong to the result."""
    balance_classes: bool = False
    """Whether rows of rare classes are tried more often, so that the classes, originals included, come out equal. The
    number of tries stays the same."""
    filter: FilterConfig | None = None
    """Drops what teaches little; absent: nothing is dropped."""
    labels: Literal["none", "inherited", "teacher"] = "none"
    """The gold label of a new text, for objectives that want one: `none` refuses them, `inherited` takes that of the
    row it was made from, right or wrong, `teacher` the teacher's most probable one, or its score. Originals keep
    their own."""

    @property
    def needs_teacher(self) -> bool:
        """Whether a teacher is asked about the new texts."""
        return self.labels == "teacher" or (self.filter is not None and self.filter.min_margin is not None)

    def count_copies(self, task: str) -> int:
        """Give the number of tries for each row of a task."""
        return self.copies if self.copies is not None else self.method.default_copies(task)
