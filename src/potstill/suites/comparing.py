"""Published tables, ours beside them, and the difference where both measure the same."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from potstill.published import Column, PublishedRow, PublishedTable
from potstill.results import Heading, Table, figure_columns, word_columns
from potstill.suites.figures import ABSENT, Figure, average_figures, find_figure, write_figure
from potstill.suites.notes import cut_tasks, tell_spread, tell_state
from potstill.suites.scores import ScoreSheet
from potstill.suites.sizes import ARCHITECTURE, SHAPE


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
            rows.append((row, "ours", *map(write_figure, ours), *_last(published, average)))
            differences = _differences(sheet, published, ours, printed)
            if any(difference is not None for difference in differences):
                rows.append(("", "difference", *map(_signed, differences)))
    for row in (row for row in sheet.rows if row not in matches):
        groups.add(len(rows))
        ours = [find_figure(sheet, row, column) for column in published.columns]
        if any(ours):
            rows.append((row, "ours", *map(write_figure, ours), *_last(published, average_figures(ours))))
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


def _head(*names: str, published: PublishedTable) -> tuple[Heading, ...]:
    average = ("average",) if published.average else ()
    return (*word_columns(*names), *figure_columns(*(column.label for column in published.columns), *average))


def _last(
    published: PublishedTable, value: Decimal | None, write: Callable[[Decimal | None], str] | None = None
) -> tuple[str, ...]:
    return ((write or write_figure)(value),) if published.average else ()


def _printed_cells(
    published: PublishedTable, values: Sequence[Decimal | None], average: Decimal | None
) -> tuple[str, ...]:
    return (*map(write_figure, values), *_last(published, average))


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


def _has_their_teacher(sheet: ScoreSheet, published: PublishedTable) -> bool:
    """Say whether our teacher has the shape of the printed one, as far as both are known."""
    if sheet.suite is None:
        return True
    printed = [row for row in published.rows if row.system in sheet.suite.teacher.published]
    shapes = [
        (find_figure(sheet, sheet.suite.teacher_row, column), value)
        for row in printed
        for column, value in zip(published.columns, row.values, strict=True)
        if column.quantity in SHAPE
    ]
    return all(ours is None or value is None or ours.mean == value for ours, value in shapes)


def _is_comparable(sheet: ScoreSheet, published: PublishedTable, column: Column) -> bool:
    """Say whether a figure of ours and a printed one measure the same: the same examples, learnt from the same ones."""
    if column.quantity is not None:
        return column.quantity in ARCHITECTURE and _has_their_teacher(sheet, published)
    return published.split == "dev" and column.task not in cut_tasks(sheet)


def _signed(value: Decimal | None) -> str:
    return ABSENT if value is None else f"{value:+}"


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
