"""The command `evaluate`."""

from typing import Annotated

import typer

from potstill.cli.options import AsJson, ExampleOptions, ModelName, Plugins, ResultsFile, SomeOverrides
from potstill.cli.output import check_file, print_json, print_results
from potstill.console import ConsoleCallback
from potstill.plugins import load_plugins

EVALUATE_EXAMPLES = """
[bold]Examples[/]

  [dim]# the student of a run, on the run's own development set[/]
  potstill evaluate runs/house-trec

  [dim]# on every row of a file[/]
  potstill evaluate runs/house-trec --data test.csv --text question --label type

  [dim]# and how alike it is to a teacher[/]
  potstill evaluate my-student/ --task sst-2 --data glue/ --teacher my-teacher/
"""


def evaluate(
    model: ModelName,
    options: ExampleOptions,
    teacher: Annotated[
        str | None,
        typer.Option("--teacher", metavar="MODEL", help="Measure this model too, and how alike the two are."),
    ] = None,
    overrides: SomeOverrides = None,
    plugins: Plugins = None,
    as_json: AsJson = False,
    out: ResultsFile = None,
) -> None:
    """Measure a model: quality with intervals, likeness to a teacher, size and speed.

    A single file is measured on all its rows, a folder and a known task on their development set. A run folder
    without any data option is measured on the run's own development set.
    """
    from potstill import pipeline

    load_plugins(plugins or ())
    check_file(out)
    results = pipeline.evaluate(
        model,
        **options.fields,
        teacher=teacher,
        overrides=overrides or (),
        callback=ConsoleCallback(),
    )
    if out is not None:
        results.write(out)
    if as_json:
        print_json(results.model_dump(mode="json"))
    else:
        print_results(results)
