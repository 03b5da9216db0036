"""Tables for a terminal."""

from io import StringIO

import rich.table
from rich.box import HEAVY_HEAD, SIMPLE
from rich.console import Console
from rich.text import Text

from potstill.results.table import Table

_WIDTH = 240
"""Columns of a text that nobody folds."""


def to_terminal(table: Table, *, has_frame: bool = False) -> rich.table.Table:
    """Lay a table out for a terminal; the notes stand below it.

    Args:
        table: What to show.
        has_frame: Whether lines stand between the cells, for lists whose cells may be folded.

    Returns:
        What a console of rich prints.
    """
    drawn = rich.table.Table(
        title=Text(table.title, style="table.title") if table.title else None,
        caption=Text("\n".join(table.notes), style="table.caption") if table.notes else None,
        caption_justify="left",
        box=HEAVY_HEAD if has_frame else SIMPLE,
        pad_edge=has_frame,
    )
    for column in table.columns:
        style = "bold" if column.style == "strong" else None
        drawn.add_column(Text(column.text), justify=column.align, style=style)
    for number, row in enumerate(table.rows):
        if number in table.groups:
            drawn.add_section()
        drawn.add_row(*map(Text, row), style="bold" if number in table.strong_rows else None)
    return drawn


def to_text(table: Table) -> str:
    """Write a table as a terminal shows it: lines without styles, however wide, the last one without its end."""
    page = StringIO()
    console = Console(file=page, width=_WIDTH, color_system=None, highlight=False, emoji=False, soft_wrap=True)
    console.print(to_terminal(table))
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines())
