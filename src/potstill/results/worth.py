"""What the teacher and the start were worth, in sentences: differences with their intervals, and what they tell."""

from collections.abc import Iterator

from potstill.controls import Control, control_of, known_controls
from potstill.results.results import Comparison, Results
from potstill.results.wording import name_metric, write_brackets, write_hundred


def find_pair(results: Results, other: str) -> Comparison | None:
    """Find how the student compares with another model, on what is to be quoted.

    Args:
        results: What was measured.
        other: The other's part in the run.

    Returns:
        The comparison, or None where there is none.
    """
    return next((item for item in results.quoted.comparisons if item.other == other), None)


def describe_worth(results: Results) -> tuple[str, ...]:
    """Say what the teacher, the start and the base were worth, as far as controls tell.

    Args:
        results: What was measured.

    Returns:
        A sentence for each; none without a control.
    """
    return tuple(_sentences(results))


def _sentences(results: Results) -> Iterator[str]:
    found = [(control, pair) for control in known_controls() if (pair := find_pair(results, control.role))]
    if not found:
        return
    control, pair = found[0]
    is_teacher_alone = control is known_controls()[0]
    subject = "The teacher is worth" if is_teacher_alone else "Teacher and start together are worth"
    yield f"{subject} {write_difference(pair, results)}, against labels only from {control.start}{_tell(pair)}."
    for item in results.quoted.between_controls:
        better, other = control_of(item.model), control_of(item.other)
        if better is not None and other is not None:
            worth = write_difference(item, results)
            yield f"{_name_start(better)} is worth {worth}, against {other.start}{_tell(item)}."


def _name_start(control: Control) -> str:
    return "Its start" if control is known_controls()[0] else f"A start from {control.start}"


def write_difference(item: Comparison, results: Results) -> str:
    """Write a difference with its interval, metric and split."""
    metric, split = name_metric(results.primary_metric), results.quoted.split
    return (
        f"{write_hundred(item.difference, sign='+')} {write_brackets(item.interval, sign='+')} points of {metric} "
        f"on {split}"
    )


def _tell(item: Comparison) -> str:
    low, high = item.interval
    if low <= 0 <= high:
        return ": it cannot be told from nothing"
    return ": it did harm" if high < 0 else ""
