"""All tables of a suite in one format."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from potstill.errors import RecipeError
from potstill.files import make_folder, write_text
from potstill.published import load_published
from potstill.results import Table, to_csv, to_latex, to_markdown
from potstill.suites.comparing import compare_with, show_published
from potstill.suites.long_form import list_figures
from potstill.suites.scores import ScoreSheet
from potstill.suites.tables import make_own_tables

TableFormat = Literal["markdown", "latex", "csv"]
_SUFFIXES: dict[TableFormat, str] = {"markdown": "md", "latex": "tex", "csv": "csv"}


def collect_tables(sheet: ScoreSheet | None, published: Sequence[str] = ()) -> list[Table]:
    """Make the tables of what was measured and of what was published.

    Args:
        sheet: What was measured, or None for published tables alone.
        published: Names of published tables; empty = those that the suite names.

    Returns:
        A comparison with each published table, then ours.

    Raises:
        RecipeError: There is no such published table, or there is nothing to show.
    """
    if sheet is None:
        if not published:
            raise RecipeError("there is nothing to show: give the folder of a suite or of runs, or --published.")
        return [show_published(load_published(name)) for name in published]
    return [*(compare_with(sheet, load_published(name)) for name in _wanted(sheet, published)), *make_own_tables(sheet)]


def render_tables(sheet: ScoreSheet | None, published: Sequence[str], *, form: TableFormat) -> str:
    """Write the tables as text.

    Args:
        sheet: As in `collect_tables`.
        published: As in `collect_tables`.
        form: Which format; CSV has every single figure on a line of its own.

    Returns:
        The text, with a newline at its end.

    Raises:
        RecipeError: As in `collect_tables`.
    """
    tables = collect_tables(sheet, published)
    if form == "csv":
        return to_csv(list_figures(sheet, _wanted(sheet, published)))
    write = to_markdown if form == "markdown" else to_latex
    return "\n".join(map(write, tables))


def write_tables(sheet: ScoreSheet, folder: Path) -> None:
    """Write the tables of a suite in every format.

    Args:
        sheet: What was measured.
        folder: Where `tables.md`, `tables.tex` and `tables.csv` go; made where it is missing.
    """
    make_folder(folder)
    for form, suffix in _SUFFIXES.items():
        write_text(folder / f"tables.{suffix}", render_tables(sheet, (), form=form))


def _wanted(sheet: ScoreSheet | None, published: Sequence[str]) -> tuple[str, ...]:
    """Name the published tables that are meant: those asked for, or else the suite's."""
    return tuple(published) or (sheet.suite.published if sheet is not None and sheet.suite is not None else ())
