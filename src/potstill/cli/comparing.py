"""The command `compare`."""

from pathlib import Path
from typing import Annotated

import typer

from potstill.cli.options import AsJson, ExampleOptions, Plugins, SomeOverrides
from potstill.cli.output import check_file, print_json, print_table
from potstill.console import ConsoleCallback
from potstill.files import write_json
from potstill.plugins import load_plugins

COMPARE_EXAMPLES = """
[bold]Examples[/]

  [dim]# teacher and student on the run's own development set[/]
  potstill compare my-teacher/ runs/house

  [dim]# the student as it is served, on your data, with the machine's price per hour[/]
  potstill compare my-teacher/ runs/house --backend sdpa --backend onnx-int8 --data test.csv --price 0.34
"""


def compare(
    models: Annotated[list[str], typer.Argument(metavar="MODEL MODEL...", help="Saved models, the reference first.")],
    *,
    backends: Annotated[
        list[str] | None,
        typer.Option("--backend", metavar="NAME", help="One for all, or one for each model. Left out: sdpa."),
    ] = None,
    options: ExampleOptions,
    overrides: SomeOverrides = None,
    plugins: Plugins = None,
    price: Annotated[
        float | None,
        typer.Option("--price", min=0, metavar="X", help="Price of this machine an hour, for the cost of answers."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the figures as JSON.")] = None,
    as_json: AsJson = False,
) -> None:
    """Put models side by side on the same examples: scores, agreement, latency, size, cost of a million sentences."""
    from potstill import pipeline, serving

    load_plugins(plugins or ())
    check_file(out)
    report = pipeline.compare(
        models,
        backends=backends or (),
        **options.fields,
        overrides=overrides or (),
        price_per_hour=price,
        callback=ConsoleCallback(),
    )
    if out is not None:
        write_json(out, report.model_dump(mode="json"))
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        print_table(serving.make_compare_table(report))
