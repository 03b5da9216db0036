"""Tables as text for documents, pages and programs: Markdown, LaTeX, HTML, CSV. Each writer escapes what it must."""

import csv
import html
import io
import re
from collections.abc import Callable, Iterator, Sequence

from potstill.results.table import Heading, Table

_IN_MARKDOWN = {"\\": "&#92;", "|": "&#124;", "<": "&lt;", "`": "&#96;", "*": "&#42;", "~": "&#126;", "\n": " "}
_MARKDOWN = re.compile(
    r"[\\|<`*~\n]"
    r"|&(?=#?\w+;)"  # what would be read as a character
    r"|(?<![^\W_])_|_(?![^\W_])"  # between letters it is no emphasis
    r"|(?<=\])[(\[]"  # the address of a link
)
_FORMULA = re.compile(r"'*(?:[=@\t\r]|[+-](?=[^\d.\s])|[+-].*[|!(])", re.DOTALL)
"""How a cell begins that a spreadsheet computes; apostrophes before it count, so that one can be taken away again."""
_IN_LATEX = {
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
    "|": r"\textbar{}",
    "\n": " ",
}


def to_markdown(table: Table) -> str:
    """Write a table in Markdown.

    Args:
        table: What to show.

    Returns:
        Text that ends with a newline: the title as a heading, the table, the notes as a list.
    """
    rule = ["--:" if column.align == "right" else ":--" for column in table.columns]
    rows = [_markdown_row([_in_markdown(column.text) for column in table.columns]), _markdown_row(rule)]
    rows += [_markdown_row(_styled(row, table.columns, _in_markdown, _markdown_code)) for row in table.rows]
    title = [f"### {_in_markdown(table.title)}", ""] if table.title else []
    notes = ["", *(f"- {_in_markdown(note)}" for note in table.notes)] if table.notes else []
    return "\n".join([*title, *rows, *notes]) + "\n"


def to_latex(table: Table) -> str:
    """Write a table in LaTeX, for the packages booktabs and graphicx.

    Args:
        table: What to show.

    Returns:
        A floating table that ends with a newline. It has a label, `tab:` and the words of its title, and is scaled
        down where it would be wider than the text.
    """
    lines = [r"\begin{table}", r"\centering"]
    if table.title:
        label = "-".join(re.findall(r"[a-z0-9]+", table.title.lower()))
        lines += [rf"\caption{{{_in_latex(table.title)}}}", rf"\label{{tab:{label}}}"]
    lines += [
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{{''.join(column.align[0] for column in table.columns)}}}",
        r"\toprule",
        _latex_row([_in_latex(column.text) for column in table.columns]),
        r"\midrule",
    ]
    for number, row in enumerate(table.rows):
        if number and number in table.groups:
            lines.append(r"\addlinespace")
        lines.append(_latex_row(_styled(row, table.columns, _in_latex, lambda cell: rf"\texttt{{{_in_latex(cell)}}}")))
    lines += [r"\bottomrule", r"\end{tabular}%", "}"]
    lines += [rf"\par\smallskip\footnotesize {_in_latex(note)}" for note in table.notes]
    return "\n".join([*lines, r"\end{table}"]) + "\n"


def to_csv(table: Table) -> str:
    """Write headings and rows as CSV; title and notes are left out.

    A cell that a spreadsheet would take for a formula gets an apostrophe in front, which makes it a text there.

    Args:
        table: What to write.

    Returns:
        Text whose lines end with a newline.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_as_text(column.text) for column in table.columns)
    writer.writerows([_as_text(cell) for cell in row] for row in table.rows)
    return text.getvalue()


def _as_text(cell: str) -> str:
    """Keep a spreadsheet from taking a cell for a formula; figures with a sign are none."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def to_html(table: Table, *, css: str = "figures") -> str:
    """Write a table element; the notes are its foot.

    Args:
        table: What to show.
        css: Its class. Columns of words behind the first have the class `words`.

    Returns:
        HTML in which every text is escaped.
    """
    kinds = [' class="words"' if column.align == "left" else "" for column in table.columns]
    kinds[0] = ""
    head = "".join(
        f'<th scope="col"{kind}>{html.escape(column.text)}</th>'
        for column, kind in zip(table.columns, kinds, strict=True)
    )
    foot = "".join(f'<tr><td colspan="{len(kinds)}">{html.escape(note)}</td></tr>\n' for note in table.notes)
    return "\n".join(
        [
            f'<table class="{css}">',
            *([f"<caption>{html.escape(table.title)}</caption>"] if table.title else []),
            f"<thead><tr>{head}</tr></thead>",
            *([f"<tfoot>\n{foot}</tfoot>"] if table.notes else []),
            "<tbody>",
            *_html_rows(table, kinds),
            "</tbody>",
            "</table>",
        ]
    )


def _styled(
    row: Sequence[str], columns: Sequence[Heading], plain: Callable[[str], str], code: Callable[[str], str]
) -> list[str]:
    return [
        code(cell) if column.style == "code" and cell else plain(cell)
        for cell, column in zip(row, columns, strict=True)
    ]


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _in_markdown(text: str) -> str:
    return _MARKDOWN.sub(lambda found: _IN_MARKDOWN.get(found[0], f"&#{ord(found[0])};"), text)


def _markdown_code(text: str) -> str:
    return _in_markdown(text) if set(text) & set("`|\n") else f"`{text}`"


def _latex_row(cells: Sequence[str]) -> str:
    first = f"{{{cells[0]}}}" if cells[0][:1] in ("[", "*") else cells[0]  # not an option of the line break before it
    return " & ".join([first, *cells[1:]]) + r" \\"


def _in_latex(text: str) -> str:
    return "".join(_IN_LATEX.get(letter, letter) for letter in text).replace("--", "-{}-")


def _html_rows(table: Table, kinds: Sequence[str]) -> Iterator[str]:
    for number, row in enumerate(table.rows):
        if number and number in table.groups:
            yield "</tbody>\n<tbody>"
        first, *others = _styled(row, table.columns, html.escape, lambda cell: f"<code>{html.escape(cell)}</code>")
        cells = "".join(f"<td{kind}>{cell}</td>" for cell, kind in zip(others, kinds[1:], strict=True))
        yield f'<tr><th scope="row">{first}</th>{cells}</tr>'
