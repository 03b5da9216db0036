"""Every writer of tables: an independent reader finds the same cells again, whatever they hold."""

import csv
import io
import re
from collections.abc import Callable

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console

from potstill.results import (
    Heading,
    Table,
    figure_columns,
    to_csv,
    to_html,
    to_latex,
    to_markdown,
    to_terminal,
    word_columns,
)

AWKWARD = [
    "",
    "a|b",
    r"a\|b",
    "two\nlines",
    "\\",
    "\\\\",
    "50 %",
    "R&D",
    "&lt;b&gt;",
    "&amp;",
    "snake_case",
    "_emphasis_",
    "__init__ a__b",
    "*strong*",
    "`code`",
    "~gone~",
    "[a](b)",
    "[95 % interval]",
    "<script>alert(1)</script>",
    "$x^2$ {#1}",
    "82.8 ± 0.2 ×",
    "naïve 🙂 表",
    "[bold red]markup[/]",
    ":cat:",
    "*",
    "--baseline",
    '"quoted", and, commas',
    "=1+1",
]
TABLES = {
    "every awkward text": Table(
        title="A & B_1 <i> | 100 %",
        columns=(*word_columns("name", "a|b_c"), *figure_columns("%")),
        rows=tuple((text, text, text) for text in AWKWARD),
        groups=frozenset({0, 3, 5}),
        notes=("[1] *one* | & 5 % <b>", ""),
    ),
    "headings": Table(columns=tuple(Heading(text=text) for text in AWKWARD), rows=()),
    "one column": Table(columns=word_columns("only"), rows=(("x",), ("",))),
    "no rows": Table(title="none", columns=word_columns("a", "b"), rows=()),
    "code": Table(
        columns=(Heading(text="code", style="code"), *figure_columns("b")), rows=tuple((text, "1") for text in AWKWARD)
    ),
    "strong": Table(
        columns=(*word_columns(""), Heading(text="b", style="strong")),
        rows=(("a", "1"), ("b", "2")),
        strong_rows=frozenset({1}),
    ),
}
Cells = list[list[str]]


def flat(text: str) -> str:
    """Take a text as a reader sees it who knows no line breaks."""
    return " ".join(text.split())


def read_markdown(table: Table) -> Cells:
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(to_markdown(table))
    rows: Cells = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        if token.type == "inline" and token.level > 3:
            assert {child.type for child in token.children or ()} <= {"text", "code_inline", "text_special"}, token
            rows[-1].append("".join(child.content for child in token.children or ()))
    return rows


def read_latex(table: Table) -> Cells:
    text = to_latex(table)
    body = text[text.index("\\toprule") : text.index("\\bottomrule")]
    signs = {"textbackslash": "\\", "textasciitilde": "~", "textasciicircum": "^", "textless": "<", "textgreater": ">"}
    rows = []
    for line in re.findall(r"^(.*) \\\\$", body, re.MULTILINE):
        assert not line.startswith(("[", "*")), "it would be an option of the line break above"
        cells = [""]
        for part in re.findall(r"\\text\w+\{\}|\\texttt|\$\\\w+\$|\\.|-\{\}|[{}]|[^\\]", line):
            if part == "&":
                cells.append("")
            elif part.startswith("\\text") and part.endswith("{}"):
                cells[-1] += {**signs, "textbar": "|"}[part[1:-2]]
            elif part in ("$\\pm$", "$\\times$"):
                cells[-1] += {"$\\pm$": "±", "$\\times$": "×"}[part]
            elif part == "-{}":
                cells[-1] += "-"
            elif part.startswith("\\") and part != "\\texttt":
                cells[-1] += part[1:]
            elif part not in ("{", "}", "\\texttt"):
                assert part not in "%$#_^~<>|", f"{part} stands unescaped in {line}"
                cells[-1] += part
        rows.append(cells)
    assert "--" not in body
    return rows


def read_csv(table: Table) -> Cells:
    rows = [row or [""] for row in csv.reader(io.StringIO(to_csv(table)))]
    return [[re.sub(r"(?s)^'('*(?:[=@\t\r]|[+-][^\d.\s]|[+-].*[|!(]))", r"\1", cell) for cell in row] for row in rows]


def read_html(table: Table) -> Cells:
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    page = parser.parse(f"<!DOCTYPE html><title>t</title>{to_html(table)}")
    rows = [row for part in ("thead", "tbody") for each in page.iter(part) for row in each.iter("tr")]
    assert {each.tag for row in rows for cell in row for each in cell.iter()} <= {"th", "td", "code"}
    return [["".join(cell.itertext()) for cell in row] for row in rows]


def read_terminal(table: Table) -> Cells:
    """Read the cells line by line, between the lines of the frame."""
    console = Console(width=20_000, file=io.StringIO(), highlight=False, soft_wrap=True)
    console.print(to_terminal(table, has_frame=True))
    shown = [line for line in console.file.getvalue().splitlines() if line.startswith(("┃", "│"))]
    return [[cell.strip() for cell in re.split("[┃│]", line)[1:-1]] for line in shown]


READERS: dict[str, Callable[[Table], Cells]] = {
    "markdown": read_markdown,
    "latex": read_latex,
    "csv": read_csv,
    "html": read_html,
}


def expected(table: Table) -> Cells:
    return [[column.text for column in table.columns], *map(list, table.rows)]


def flatten(rows: Cells) -> Cells:
    return [[flat(cell) for cell in row] for row in rows]


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_reader_finds_the_same_cells(read: Callable[[Table], Cells], table: Table):
    assert flatten(read(table)) == flatten(expected(table))


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_the_terminal_shows_the_same_words_in_every_column(table: Table):
    shown = zip(*read_terminal(table), strict=True)
    for column, cells in zip(shown, zip(*expected(table), strict=True), strict=True):
        assert flat(" ".join(column)) == flat(" ".join(cells))


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@given(text=st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cn", "Zl", "Zp")), max_size=12))
def test_any_text_comes_back(read: Callable[[Table], Cells], text: str):
    table = Table(columns=word_columns("a", "b"), rows=((text, "x"), ("x", text)))
    assert flatten(read(table)) == flatten(expected(table))


def test_lines_are_not_wider_than_the_text_and_can_be_referred_to():
    text = to_latex(TABLES["every awkward text"])
    assert "\\label{tab:a-b-1-i-100}" in text
    assert text.index("\\resizebox") < text.index("\\begin{tabular}") < text.index("\\end{tabular}%\n}")


def test_notes_stand_below_in_every_medium_for_people():
    table = Table(columns=word_columns("a"), rows=(("1",),), notes=("one & two", "three"))
    assert to_markdown(table).endswith("\n\n- one & two\n- three\n")
    assert to_latex(table).count("\\footnotesize") == 2
    assert '<tfoot>\n<tr><td colspan="1">one &amp; two</td></tr>' in to_html(table)
    assert "three" not in to_csv(table)


@pytest.mark.parametrize("cell", ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "\t=1", "-A1"])
def test_a_spreadsheet_computes_no_cell_of_a_csv_file(cell: str):
    table = Table(columns=word_columns("text"), rows=((cell,), ("-4.7 [-8.3, -1.0]",), ("+0.3",), ("-",)))
    rows = list(csv.reader(io.StringIO(to_csv(table))))
    assert rows[1:] == [[f"'{cell}"], ["-4.7 [-8.3, -1.0]"], ["+0.3"], ["-"]]
