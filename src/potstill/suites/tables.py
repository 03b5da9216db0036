"""Tables of a suite: ours with mean and spread over seeds, sizes, and what each training was given."""

from collections.abc import Mapping

from potstill.published import Column
from potstill.results import Table, figure_columns, word_columns
from potstill.suites.figures import ABSENT, average_figures, find_figure, write_figure
from potstill.suites.notes import tell_spread, tell_state
from potstill.suites.scores import TEST, ScoreSheet
from potstill.suites.sizes import OUR_SIZES


def make_own_tables(sheet: ScoreSheet) -> tuple[Table, ...]:
    """Show what was measured: a table of quality, one of size and speed, and one of what each training was given."""
    given = (_effort_table(sheet),) if any(model.effort is not None for model in sheet.models) else ()
    return _quality_table(sheet), _size_table(sheet), *given


def _quality_table(sheet: ScoreSheet) -> Table:
    columns = _own_columns(sheet)
    rows = []
    for row in sheet.rows:
        figures = [find_figure(sheet, row, column) for column in columns]
        num_seeds = len({model.seed for model in sheet.find(row)})
        average = (write_figure(average_figures(figures)),) if len(columns) > 1 else ()
        rows.append((row, str(num_seeds), *map(write_figure, figures), *average))
    return Table(
        title=f"Quality on the {'test' if sheet.tested == set(sheet.primary) else 'development'} sets",
        columns=(
            *word_columns("system", "seeds"),
            *figure_columns(*(column.label for column in columns), *(["average"] if len(columns) > 1 else [])),
        ),
        rows=tuple(rows),
        notes=(*tell_spread(sheet), *tell_state(sheet)),
    )


def _size_table(sheet: ScoreSheet) -> Table:
    columns = [Column(label=label, quantity=quantity) for quantity, label in OUR_SIZES.items()]
    rows = [(row, *(write_figure(find_figure(sheet, row, column)) for column in columns)) for row in sheet.rows]
    return Table(
        title="Size and speed",
        columns=(*word_columns("system"), *figure_columns(*(column.label for column in columns))),
        rows=tuple(rows),
        notes=(
            "Weights: embeddings, layers and pooler, without the head. Speed: sentences/s of the forward pass over "
            "texts of the task, against the teacher of the same run. Means over tasks and seeds.",
        ),
    )


def _effort_table(sheet: ScoreSheet) -> Table:
    """Show what each row was given on each task, as the resolved recipes and the events of its runs tell."""
    tasks = list(sheet.primary)
    rows = []
    for row in sheet.rows:
        found = {task: model.effort for task in tasks for model in sheet.find(row, task) if model.effort is not None}
        steps = (found[task].steps if task in found else ABSENT for task in tasks)
        given = [(task, (effort.texts, effort.rates, str(effort.scorings))) for task, effort in found.items()]
        rows.append((row, *steps, *(_once_or_by_task({task: own[place] for task, own in given}) for place in range(3))))
    return Table(
        title="What each training was given",
        columns=(
            *word_columns("system"),
            *figure_columns(
                *(f"steps on {task}" for task in tasks), "texts a step", "rates tried", "scorings that chose"
            ),
        ),
        rows=tuple(rows),
        notes=(
            "Optimizer steps of each stage on the task, the most texts of a step, learning rates that a run tried, and "
            "how often a scoring could choose the weights. Rows that differ here were not given the same.",
        ),
    )


def _once_or_by_task(values: Mapping[str, str]) -> str:
    """Write what is the same on all tasks once, else task by task."""
    if len(set(values.values())) < 2:
        return next(iter(values.values()), ABSENT)
    return ", ".join(f"{task} {value}" for task, value in values.items())


def _own_columns(sheet: ScoreSheet) -> list[Column]:
    columns = []
    for task, metric in sheet.primary.items():
        main = TEST if task in sheet.tested else ""
        columns.append(Column(label=f"{task} {main}".rstrip() + f" ({metric})", task=task, split=main, metric=metric))
        splits = {split for model in sheet.models if model.task == task for split in model.result.other_splits} - {TEST}
        for split in sorted(splits):
            columns.append(Column(label=f"{task} {split} ({metric})", task=task, split=split, metric=metric))
    return columns
