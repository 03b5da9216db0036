"""A table of texts; how it looks in a terminal, in Markdown, LaTeX, CSV or HTML is its writers' business."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """The head of a column, and how its cells stand.

    Attributes:
        text: What it says; a line break divides it where there is room for two lines.
        align: `left` for words, `right` for figures.
        style: `strong` stands out where a medium has styles; `code` is what somebody types or a program names.
    """

    text: str
    align: Literal["left", "right"] = "right"
    style: Literal["plain", "strong", "code"] = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A rectangle of texts with headings.

    Attributes:
        title: What it shows; empty where it stands under a heading of its own.
        columns: One heading for each column.
        rows: Cells, as many in each row as there are columns; the first names the row. A line break in a cell divides
            it where there is room for two lines. Nothing in a cell is markup.
        groups: Numbers of the rows before which a group of rows begins.
        strong_rows: Numbers of the rows that stand out where a medium has styles.
        notes: What stands below it.
    """

    title: str = ""
    columns: tuple[Heading, ...]
    rows: tuple[tuple[str, ...], ...]
    groups: frozenset[int] = frozenset()
    strong_rows: frozenset[int] = frozenset()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that it is a rectangle."""
        assert all(len(row) == len(self.columns) for row in self.rows), self.title

    def __str__(self) -> str:
        """Write it as a terminal shows it, without styles."""
        from potstill.results.terminal import to_text

        return to_text(self)

    def _repr_html_(self) -> str:
        """Show it in a notebook."""
        from potstill.results.markup import to_html

        return to_html(self)

    def to_frame(self) -> "DataFrame":
        """Give the cells, which are texts, as a data frame of pandas.

        Returns:
            A row for each row.
        """
        from pandas import DataFrame

        values = self.to_json()
        return DataFrame.from_records(values["rows"], columns=values["columns"])

    def to_json(self) -> dict[str, Any]:
        """Give title, columns, rows and notes as JSON values.

        Returns:
            Values by name; each row as texts by the heading of their column.
        """
        names = [" ".join(column.text.split()) for column in self.columns]
        rows = [dict(zip(names, row, strict=True)) for row in self.rows]
        return {"title": self.title, "columns": names, "rows": rows, "notes": list(self.notes)}


def word_columns(*texts: str) -> tuple[Heading, ...]:
    """Head columns of words, which begin at the left.

    Args:
        texts: A heading for each column.

    Returns:
        The headings.
    """
    return tuple(Heading(text=text, align="left") for text in texts)


def figure_columns(*texts: str) -> tuple[Heading, ...]:
    """Head columns of figures, which end at the right.

    Args:
        texts: A heading for each column.

    Returns:
        The headings.
    """
    return tuple(Heading(text=text) for text in texts)
