"""What is to be known about figures of ours, in sentences below their tables."""

from collections.abc import Iterator, Mapping

from potstill.data import shipped_tasks
from potstill.suites.config import Part
from potstill.suites.scores import TEST, ScoreSheet

_PARTS: dict[Part, str] = {
    "student": "the student's start, order of examples and dropout",
    "teacher": "the teacher's fine-tuning",
    "general": "the general student",
    "augmentation": "the augmented texts",
}


def tell_spread(sheet: ScoreSheet) -> Iterator[str]:
    """Say over how many seeds figures are, what each seed drew, and what was made once."""
    most = max(len(sheet.find(row, task)) for row in sheet.rows for task in sheet.primary)
    spread = f"mean ± standard deviation over up to {most} seeds" if most > 1 else "one seed, so without a spread"
    yield f"Ours: metrics x 100, {spread}. {_tell_choice(sheet)}"
    if sheet.suite is not None and most > 1:
        drawn, fixed = (
            [words for part, words in _PARTS.items() if part in sheet.parts and (part in sheet.suite.vary) == is_drawn]
            for is_drawn in (True, False)
        )
        kept = f" Made once, and so not in the spread: {'; '.join(fixed)}." if fixed else ""
        yield f"Each seed draws anew: {'; '.join(drawn)}.{kept}"


def _tell_choice(sheet: ScoreSheet) -> str:
    """Say which examples chose the weights, and of which tasks the figures are of a test set."""
    if len(sheet.tested) == len(sheet.primary):
        return "The test sets chose nothing."
    said = (
        "A part of the training examples" if sheet.choosers == {"train"} else "The examples that are measured on also"
    )
    tested = ", ".join(task for task in sheet.primary if task in sheet.tested)
    except_for = f", but for the test sets of {tested}, which chose nothing" if tested else ""
    return f"{said} chose the weights{except_for}."


def tell_state(sheet: ScoreSheet) -> Iterator[str]:
    """Say what is not as published: missing runs, and tasks that were learnt from a part of their examples."""
    if sheet.suite is not None:
        yield from sheet.suite.notes
    if sheet.num_missing:
        yield f"{sheet.num_missing} runs of the suite are not finished."
    for task in sorted({model.task for model in sheet.models if TEST in model.result.other_splits} - sheet.tested):
        yield f"{task}: not all runs were measured on a test set, so the figures are those of the development set."
    for task, (number, whole) in cut_tasks(sheet).items():
        yield (
            f"{task}: trained on {number:,} of the {whole:,} published examples, so its figures are not comparable "
            "with published ones."
        )


def cut_tasks(sheet: ScoreSheet) -> dict[str, tuple[int, int]]:
    """Give the tasks that were learnt from a part of their published examples: how many, and of how many."""
    known: Mapping[str, int | None] = {name: task.train.rows for name, task in shipped_tasks().items()}
    sizes = {task: (number, known.get(task) or 0) for task, number in sheet.examples.items()}
    return {task: (number, whole) for task, (number, whole) in sizes.items() if number < whole}
