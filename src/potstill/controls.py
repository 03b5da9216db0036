"""The controls: students that are trained beside the student, to tell what a part of its recipe was good for.

To add one: a row below, with a change that a recipe knows how to make.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

from potstill.errors import RecipeError, did_you_mean

RecipeType = TypeVar("RecipeType", bound="Changeable")


@runtime_checkable
class Changeable(Protocol):
    """What a control may change of a recipe."""

    def without_teacher(self: RecipeType) -> RecipeType:
        """Learn from the gold labels alone, with the same student, start, data and schedule."""

    def with_base_start(self: RecipeType) -> RecipeType:
        """Start from the pre-trained base instead of the fine-tuned teacher."""

    def with_random_start(self: RecipeType) -> RecipeType:
        """Start from random weights."""


@runtime_checkable
class Change(Protocol):
    """How a control's recipe comes from the student's."""

    def __call__(self, recipe: RecipeType, /) -> RecipeType:
        """Give the control's recipe."""


def _hard_labels(recipe: RecipeType, /) -> RecipeType:
    return recipe.without_teacher()


def _base_start(recipe: RecipeType, /) -> RecipeType:
    return recipe.without_teacher().with_base_start()


def _random_start(recipe: RecipeType, /) -> RecipeType:
    return recipe.without_teacher().with_random_start()


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A student that is trained beside the student.

    Attributes:
        name: Its name, for `--baseline`; its folder inside the run folder, and the class of its colour, have it too.
        wording: What tables and pages call it.
        heading: The same above a column of controls.
        purpose: What it is, in a few words.
        start: What it starts from, in a few words.
        colours: Its colour on light and on dark paper.
        change: How its recipe comes from the student's.
    """

    name: str
    wording: str
    heading: str
    purpose: str
    start: str
    colours: tuple[str, str]
    change: Change

    @property
    def role(self) -> str:
        """Its part in results.json."""
        return f"student_{self.name.replace('-', '_')}"


CONTROLS = (
    Control(
        name="hard-labels",
        wording="labels only",
        heading="labels only",
        purpose="the same student without a teacher",
        start="the same start",
        colours=("#4d7a2c", "#9cc97a"),
        change=_hard_labels,
    ),
    Control(
        name="base-start",
        wording="labels only, base start",
        heading="base start",
        purpose="the same student without a teacher, started from the pre-trained --teacher-base",
        start="the pre-trained base",
        colours=("#2f7f86", "#7fc9cf"),
        change=_base_start,
    ),
    Control(
        name="random-start",
        wording="labels only, random start",
        heading="random start",
        purpose="the same student without a teacher, from random weights",
        start="random weights",
        colours=("#7b5ea7", "#c0a8e4"),
        change=_random_start,
    ),
)
"""From the one that differs least from the student to the one that differs most."""


def known_controls() -> tuple[Control, ...]:
    """List the controls, the one that differs least from the student first."""
    return CONTROLS


def find_controls(names: Sequence[str]) -> tuple[Control, ...]:
    """Look controls up.

    Args:
        names: What the user asks for; a name that is given twice counts once.

    Returns:
        The controls in this order.

    Raises:
        RecipeError: There is no such control.
    """
    known = {control.name: control for control in known_controls()}
    for name in names:
        if name not in known:
            raise RecipeError(f"--baseline {name}: no such control.{did_you_mean(name, known)}")
    return tuple(known[name] for name in dict.fromkeys(names))


def control_of(role: str) -> Control | None:
    """Find the control that has a part in results.json; None where it is not that of a control.

    Args:
        role: The part.

    Returns:
        The control.
    """
    return next((control for control in known_controls() if control.role == role), None)
