"""The command that draws pages for people: `report`."""

from pathlib import Path
from typing import Annotated

import typer

from potstill.cli.options import AsJson, Plugins
from potstill.cli.output import check_file, print_json
from potstill.console import ConsoleCallback
from potstill.plugins import load_plugins

REPORT_EXAMPLES = """
[bold]Examples[/]

  [dim]# the page of one run, anew[/]
  potstill report runs/house-trec

  [dim]# all runs of a folder on one page, with means and spreads over seeds[/]
  potstill report runs

  [dim]# some runs beside each other[/]
  potstill report runs/house-trec runs/kd-hidden-trec --out comparison.html
"""


def report(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Run folders, or folders of run folders, such as a suite.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="The page to write. Left out: report.html in the folder that was given, or here where there are "
            "several.",
        ),
    ] = None,
    plugins: Plugins = None,
    remeasures: Annotated[
        bool,
        typer.Option(
            "--remeasure",
            help="Measure the models of the runs once more before, with their data; for runs of an older version.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Draw finished runs as one page that needs no network: what the compression cost and what it bought.

    One run folder gives the report of that run, which 'potstill distill' has drawn at its end already. Several, or a
    folder of run folders, give a page that compares them, with links to their own reports.
    """
    from potstill import reporting

    load_plugins(plugins or ())
    check_file(out)
    found = reporting.find_runs(runs)
    if remeasures:
        from potstill.pipeline import remeasure

        for folder in found:
            remeasure(folder, callback=ConsoleCallback())
    page = reporting.report(runs, out)
    if as_json:
        print_json({"report": str(page), "runs": [str(folder) for folder in found]})
    else:
        typer.echo(page)
