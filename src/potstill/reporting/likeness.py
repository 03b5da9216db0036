"""How a student's answers go with its teacher's, class by class, and in which ways entities are wrong."""

import numpy as np
from numpy.typing import NDArray

from potstill.answers import Answer, LabelRows
from potstill.reporting.reading import RunRecord
from potstill.reporting.views import lay_out
from potstill.results import ClassFigures, Predictions, Role, Table, name_role, write_hundred

_COUNTED: tuple[Role, ...] = ("teacher", "student", "model")


def likeness_table(run: RunRecord, answer: Answer) -> Table | None:
    """Say for each class how much of what its teacher finds a student finds; None where there is no such pair."""
    kept = run.predictions
    if kept is None or answer.is_number or not {"student", "teacher"} <= kept.logits.keys():
        return None
    theirs = _rows(kept, answer.decide(kept.logits["teacher"]))
    classes: tuple[ClassFigures, ...] = answer.details(kept.logits["student"], theirs).get("classes", ())
    if not classes:
        return None
    rows = [
        (each.label, f"{each.support:,}", *map(write_hundred, (each.precision, each.recall, each.f1)))
        for each in sorted(classes, key=lambda each: -each.support)
    ]
    return lay_out(
        f"The student's answers beside its teacher's on {kept.split}, whoever is right, times 100: how much of what "
        "one calls a class the other calls so, too.",
        ("class", "of the teacher", "the teacher agrees", "the student agrees", "F1"),
        rows,
    )


def mistake_table(run: RunRecord, answer: Answer) -> Table | None:
    """Count in which ways each model is wrong; None where an answer is simply right or wrong."""
    kept = run.predictions
    if kept is None:
        return None
    gold, roles = _rows(kept, kept.gold), [role for role in _COUNTED if role in kept.logits]
    counts = [answer.mistakes(kept.logits[role], gold) for role in roles]
    if not counts or not counts[0]:
        return None
    return lay_out(
        f"Entities on {kept.split} by what became of them: each gold one counts once, with the answer that is most "
        "like it; an invented one has no word in common with a gold one.",
        ("entities", *map(name_role, roles)),
        [(name, *(f"{each[name]:,}" for each in counts)) for name in counts[0]],
    )


def _rows(kept: Predictions, values: NDArray[np.generic]) -> LabelRows:
    labels = values.astype(np.int64) if values.ndim == 1 else values.astype(np.float32)
    return LabelRows.one_each(labels) if kept.offsets is None else LabelRows(values=labels, offsets=kept.offsets)
