"""Rows of a published table as lines of text, as a recipe names them."""

from typing import Annotated

from pydantic import Field

from potstill.config import Config
from potstill.published.tables import PublishedRow, PublishedTable, load_published


class PublishedRows(Config):
    """Rows of a published table."""

    table: str
    """Its name, as 'potstill tables' lists it."""
    systems: Annotated[tuple[str, ...], Field(min_length=1)]
    """Its rows, by their names as printed."""

    def write(self) -> tuple[str, ...]:
        """Write the rows out.

        Returns:
            What the table shows and where it was printed, then a line for each row and each of its notes.

        Raises:
            RecipeError: There is no such table, or it has no such row.
        """
        table = load_published(self.table)
        lines = [f"{table.title}. {table.source}."]
        for system in self.systems:
            row = table.find_row(system, name=self.table)
            lines += [f"  {row.system}: {_write_row(table, row)}", *(f"    {note}" for note in row.notes)]
        return tuple(lines)


def _write_row(table: PublishedTable, row: PublishedRow) -> str:
    """Write the figures of a row with their headings."""
    figures = [
        f"{column.label} {value}" for column, value in zip(table.columns, row.values, strict=True) if value is not None
    ]
    return ", ".join([*figures, *([] if row.average is None else [f"average {row.average}"])])
