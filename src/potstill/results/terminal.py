"""Tables for a terminal."""

import rich.table
from rich.box import HEAVY_HEAD, SIMPLE
from rich.text import Text

from potstill.results.table import Table


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
