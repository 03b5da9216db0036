"""A table as text, and how it looks in a terminal, in Markdown, in LaTeX."""

from dataclasses import dataclass

from rich.box import SIMPLE
from rich.markup import escape
from rich.table import Table

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "×": r"$\times$",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTable:
    """A table whose cells are text.

    Attributes:
        title: What it shows.
        header: Headings of the columns.
        rows: Cells, as many in each row as there are headings; the first is the row's name.
        groups: Numbers of the rows before which a group of rows begins.
        notes: What stands below it.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    groups: frozenset[int] = frozenset()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that it is a rectangle."""
        assert all(len(row) == len(self.header) for row in self.rows), self.title


def to_terminal(table: TextTable) -> Table:
    """Lay a table out for a terminal; the notes stand below it."""
    notes = escape("\n".join(table.notes))
    drawn = Table(title=escape(table.title), caption=notes, caption_justify="left", box=SIMPLE, pad_edge=False)
    for number, name in enumerate(table.header):
        drawn.add_column(escape(name), justify="left" if number < 2 else "right")
    for number, row in enumerate(table.rows):
        if number and number in table.groups:
            drawn.add_section()
        drawn.add_row(*map(escape, row))
    return drawn


def to_markdown(table: TextTable) -> str:
    """Write a table in Markdown."""
    rule = [":--", ":--", *["--:"] * (len(table.header) - 2)]
    lines = [f"| {' | '.join(map(_in_markdown, row))} |" for row in (table.header, rule, *table.rows)]
    notes = [f"- {_in_markdown(note)}" for note in table.notes]
    return "\n".join([f"### {_in_markdown(table.title)}", "", *lines, *(["", *notes] if notes else [])]) + "\n"


def to_latex(table: TextTable) -> str:
    """Write a table in LaTeX, for the package booktabs."""
    lines = [r"\begin{table}", r"\centering", rf"\caption{{{_in_latex(table.title)}}}"]
    lines += [
        rf"\begin{{tabular}}{{ll{'r' * (len(table.header) - 2)}}}",
        r"\toprule",
        _latex_row(table.header),
        r"\midrule",
    ]
    for number, row in enumerate(table.rows):
        if number and number in table.groups:
            lines.append(r"\addlinespace")
        lines.append(_latex_row(row))
    lines += [r"\bottomrule", r"\end{tabular}"]
    lines += [rf"\par\smallskip\footnotesize {_in_latex(note)}" for note in table.notes]
    return "\n".join([*lines, r"\end{table}"]) + "\n"


def _latex_row(cells: tuple[str, ...]) -> str:
    return " & ".join(map(_in_latex, cells)) + r" \\"


def _in_latex(text: str) -> str:
    return "".join(_LATEX.get(letter, letter) for letter in text)


def _in_markdown(text: str) -> str:
    return text.replace("|", "&#124;").replace("<", "&lt;")
