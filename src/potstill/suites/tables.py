"""Tables of a suite: ours with mean and spread over seeds, the published figures beside them, and the difference."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal

from potstill.published import Column, PublishedRow, PublishedTable
from potstill.results import Heading, Table, figure_columns, word_columns
from potstill.suites.figures import Figure, average_figures, find_figure
from potstill.suites.notes import cut_tasks, tell_spread, tell_state
from potstill.suites.scores import ScoreSheet
from potstill.suites.sizes import ARCHITECTURE, OUR_SIZES

_ABSENT = "-"


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
        average = (_text(average_figures(figures)),) if len(columns) > 1 else ()
        rows.append((row, str(num_seeds), *map(_text, figures), *average))
    return Table(
        title="Quality on the development sets",
        columns=(
            *word_columns("system", "seeds"),
            *figure_columns(*(column.label for column in columns), *(["average"] if len(columns) > 1 else [])),
        ),
        rows=tuple(rows),
        notes=(*tell_spread(sheet), *tell_state(sheet)),
    )


def _size_table(sheet: ScoreSheet) -> Table:
    columns = [Column(label=label, quantity=quantity) for quantity, label in OUR_SIZES.items()]
    rows = [(row, *(_text(find_figure(sheet, row, column)) for column in columns)) for row in sheet.rows]
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
        steps = (found[task].steps if task in found else _ABSENT for task in tasks)
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
        return next(iter(values.values()), _ABSENT)
    return ", ".join(f"{task} {value}" for task, value in values.items())


def compare_with(sheet: ScoreSheet, published: PublishedTable) -> Table:
    """Show ours, the published figures and the difference, system by system."""
    matches = _match(sheet, published)
    notes = _Footnotes()
    rows: list[tuple[str, ...]] = []
    groups: set[int] = set()
    for printed in published.rows:
        groups.add(len(rows))
        name = printed.system + notes.mark(printed.notes)
        rows.append((name, "published", *_printed_cells(published, printed.values, printed.average)))
        for row in (row for row, system in matches.items() if system == printed.system):
            ours = [find_figure(sheet, row, column) for column in published.columns]
            average = average_figures(ours)
            rows.append((row, "ours", *map(_text, ours), *_last(published, average)))
            differences = _differences(sheet, published, ours, printed)
            if any(difference is not None for difference in differences):
                rows.append(("", "difference", *map(_signed, differences)))
    for row in (row for row in sheet.rows if row not in matches):
        groups.add(len(rows))
        ours = [find_figure(sheet, row, column) for column in published.columns]
        if any(ours):
            rows.append((row, "ours", *map(_text, ours), *_last(published, average_figures(ours))))
    return Table(
        title=published.title,
        columns=_head("system", "", published=published),
        rows=tuple(rows),
        groups=frozenset(groups),
        notes=(*notes.texts, *_general_notes(published), *_our_notes(sheet, published)),
    )


def show_published(published: PublishedTable) -> Table:
    """Show a published table alone, with its footnotes."""
    notes = _Footnotes()
    rows = [
        (row.system + notes.mark(row.notes), *_printed_cells(published, row.values, row.average))
        for row in published.rows
    ]
    return Table(
        title=published.title,
        columns=_head("system", published=published),
        rows=tuple(rows),
        notes=(*notes.texts, *_general_notes(published)),
    )


class _Footnotes:
    """Numbers notes in the order in which they are marked."""

    def __init__(self) -> None:
        self._notes: list[str] = []

    def mark(self, notes: Sequence[str]) -> str:
        """Give the marks of some notes, such as ` [1]`."""
        for note in notes:
            if note not in self._notes:
                self._notes.append(note)
        return "".join(f" [{self._notes.index(note) + 1}]" for note in notes)

    @property
    def texts(self) -> tuple[str, ...]:
        """The notes with their numbers."""
        return tuple(f"[{number}] {note}" for number, note in enumerate(self._notes, start=1))


def _match(sheet: ScoreSheet, published: PublishedTable) -> dict[str, str]:
    """Say beside which published system a row of ours stands."""
    systems = {row.system.casefold(): row.system for row in published.rows}
    wanted = dict(_wanted(sheet))
    found = {}
    for row in sheet.rows:
        names = [name.casefold() for name in wanted.get(row) or (row,)]
        if (name := next((name for name in names if name in systems), None)) is not None:
            found[row] = systems[name]
    return found


def _wanted(sheet: ScoreSheet) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Read from the suite which published systems each row is meant to be."""
    suite = sheet.suite
    if suite is None:
        return
    yield suite.teacher_row, suite.teacher.published
    for system in suite.systems:
        yield system.name, system.published
        for variant in suite.variants:
            name = variant.name if len(suite.systems) == 1 else f"{system.name}, {variant.name}"
            yield name, variant.published


def _own_columns(sheet: ScoreSheet) -> list[Column]:
    columns = []
    for task, metric in sheet.primary.items():
        columns.append(Column(label=f"{task} ({metric})", task=task, metric=metric))
        splits = {split for model in sheet.models if model.task == task for split in model.result.other_splits}
        for split in sorted(splits):
            columns.append(Column(label=f"{task} {split} ({metric})", task=task, split=split, metric=metric))
    return columns


def _head(*names: str, published: PublishedTable) -> tuple[Heading, ...]:
    average = ("average",) if published.average else ()
    return (*word_columns(*names), *figure_columns(*(column.label for column in published.columns), *average))


def _last(
    published: PublishedTable, value: Decimal | None, write: Callable[[Decimal | None], str] | None = None
) -> tuple[str, ...]:
    return ((write or _text)(value),) if published.average else ()


def _printed_cells(
    published: PublishedTable, values: Sequence[Decimal | None], average: Decimal | None
) -> tuple[str, ...]:
    return (*map(_text, values), *_last(published, average))


def _differences(
    sheet: ScoreSheet, published: PublishedTable, ours: Sequence[Figure | None], printed: PublishedRow
) -> list[Decimal | None]:
    """Subtract what was printed from ours, column by column, and averages; None where that compares nothing."""
    comparable = [_is_comparable(sheet, published, column) for column in published.columns]
    differences = [
        figure.mean - value if is_alike and figure is not None and value is not None else None
        for figure, value, is_alike in zip(ours, printed.values, comparable, strict=True)
    ]
    if not published.average:
        return differences
    average = average_figures(ours) if all(comparable) else None
    return [*differences, None if average is None or printed.average is None else average - printed.average]


def _is_comparable(sheet: ScoreSheet, published: PublishedTable, column: Column) -> bool:
    """Say whether a figure of ours and a printed one measure the same: the same examples, learnt from the same ones."""
    if column.quantity is not None:
        return column.quantity in ARCHITECTURE
    return published.split == "dev" and column.task not in cut_tasks(sheet)


def _text(value: Figure | Decimal | None) -> str:
    return _ABSENT if value is None else str(value)


def _signed(value: Decimal | None) -> str:
    return _ABSENT if value is None else f"{value:+}"


def _general_notes(published: PublishedTable) -> tuple[str, ...]:
    average = (f"Average: {published.average}, half up.",) if published.average else ()
    return (*published.notes, *average, f"Source: {published.source}.")


def _our_notes(sheet: ScoreSheet, published: PublishedTable) -> Iterator[str]:
    if not published.has_sizes:
        yield from tell_spread(sheet)
        if published.split == "test":
            yield (
                "Ours are of the development sets and the published figures of the test sets, whose labels only the "
                "benchmark's server has: both stand here for orientation, and no difference is taken."
            )
    yield from tell_state(sheet)
