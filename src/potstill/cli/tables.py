"""The command `tables`: results of a suite or of runs beside the published figures."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from potstill.cli.options import AsJson, ResultsFile
from potstill.cli.output import check_file, print_json, print_list, print_table, tell_new_names

TABLES_EXAMPLES = """
[bold]Examples[/]

  [dim]# the published tables that come with Potstill, and one of them[/]
  potstill tables
  potstill tables --published tinybert-paper

  [dim]# a suite, as it stands now, for a paper[/]
  potstill tables runs/suite-tinybert-paper --format latex --out table.tex

  [dim]# any folder of runs beside a published table[/]
  potstill tables runs --published tinybert-paper-table4 --format markdown
"""


def tables(
    path: Annotated[
        Path | None, typer.Argument(metavar="[FOLDER]", help="Folder of a suite, of a run, or of several runs.")
    ] = None,
    published: Annotated[
        list[str] | None,
        typer.Option(
            "--published", metavar="NAME", help="A published table to print beside it, or alone; can be given often."
        ),
    ] = None,
    form: Annotated[
        Literal["terminal", "markdown", "latex", "csv"],
        typer.Option(
            "--format",
            help="How to print; CSV has every single figure on a line of its own, LaTeX needs booktabs and graphicx.",
        ),
    ] = "terminal",
    out: ResultsFile = None,
    as_json: AsJson = False,
) -> None:
    """Print tables: ours with mean and spread over seeds, the published figures, and the difference.

    Averages are taken as the published tables take them. What is known to be wrong in those stands below them.
    """
    from potstill.files import write_text
    from potstill.suites import collect_tables, read_scores, render_tables

    if path is None and not published:
        _print_published(as_json=as_json)
        return
    check_file(out)
    sheet = None if path is None else read_scores(path)
    names = tuple(published or ())
    tell_new_names(names)
    if as_json:
        print_json([table.to_json() for table in collect_tables(sheet, names)])
    elif form == "terminal":
        for table in collect_tables(sheet, names):
            print_table(table)
    else:
        typer.echo(render_tables(sheet, names, form=form), nl=False)
    if out is not None:
        write_text(out, render_tables(sheet, names, form="markdown" if form == "terminal" else form))


def _print_published(*, as_json: bool) -> None:
    from potstill.published import load_published, published_names

    loaded = {name: load_published(name) for name in published_names()}
    if as_json:
        print_json([{"name": name, "title": table.title, "source": table.source} for name, table in loaded.items()])
        return
    print_list(
        ("published table", "what it shows", "source"),
        ((name, table.title, table.source) for name, table in loaded.items()),
    )
