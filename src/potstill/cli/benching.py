"""The command `bench`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from potstill.cli.groups import ConfigOptions
from potstill.cli.options import AsJson, Text, TextPair
from potstill.cli.output import check_file, print_json, print_table
from potstill.console import ConsoleCallback
from potstill.files import write_json

if TYPE_CHECKING:
    from potstill.serving import BenchConfig

BENCH_EXAMPLES = """
[bold]Examples[/]

  [dim]# teacher and student on your texts; ratios refer to the first[/]
  potstill bench my-teacher/ runs/house --data reviews.csv --text review --plot speed.png

  [dim]# one model on several back-ends, after 'potstill export runs/house'[/]
  potstill bench runs/house --backend sdpa --backend onnx --backend onnx-int8

  [dim]# what a student would be worth, before you train it[/]
  potstill bench --shape 12x768 --shape 4x312x1200 --shape bilstm

  [dim]# the published table, on this machine, beside the published figures[/]
  potstill bench --published-table --batches 2
"""

_WHAT = "What is timed"
_HOW = "How"


def _find_config() -> "type[BenchConfig]":
    from potstill.serving import BenchConfig

    return BenchConfig


_SETTINGS = ConfigOptions(
    find=_find_config,
    names={
        "protocol": "--protocol",
        "num_batches": "--batches",
        "batch_size": "--batch-size",
        "num_tokens": "--tokens",
        "repeats": "--repeats",
        "num_texts": "--texts",
        "warmup": "--warmup",
        "threads": "--threads",
        "has_probe": "--probe/--no-probe",
    },
    panel=_HOW,
)


def bench(
    models: Annotated[
        list[str] | None, typer.Argument(metavar="MODEL...", help="Folders of saved models, run folders or hub names.")
    ] = None,
    *,
    shapes: Annotated[
        list[str] | None,
        typer.Option(
            "--shape",
            metavar="SHAPE",
            rich_help_panel=_WHAT,
            help="A shape, with random weights: 12x768, 4x312x1200, bilstm, bilstm:300x400, distilbert.",
        ),
    ] = None,
    is_table: Annotated[
        bool,
        typer.Option(
            "--published-table",
            "--seed-table",
            rich_help_panel=_WHAT,
            help="The shapes of the TinyBERT paper's table with the protocol 'published', beside its figures.",
        ),
    ] = False,
    backends: Annotated[
        list[str] | None,
        typer.Option(
            "--backend",
            metavar="NAME",
            rich_help_panel=_WHAT,
            help="sdpa, eager, bf16, compiled, onnx, onnx-fp16 or onnx-int8; can be given often. Left out: sdpa.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="FILE",
            rich_help_panel=_WHAT,
            help="Texts to read (CSV, TSV, JSONL, JSON, Parquet, .txt). Left out: random tokens, lengths as in QNLI.",
        ),
    ] = None,
    text: Text = None,
    text_pair: TextPair = None,
    settings: Annotated[dict[str, Any], _SETTINGS],
    plot: Annotated[Path | None, typer.Option("--plot", metavar="FILE", help="Draw a .png, .svg or .html.")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the figures as JSON.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure how large and how fast models are, side by side on this machine.

    The models take turns in every round, so that ratios hold while the machine does other things; medians, extremes and
    the number of threads are printed. Without weights, a --shape says what a student would cost to serve.
    """
    from potstill import pipeline
    from potstill.serving import check_plot, make_bench_tables, write_plot

    check_file(out)
    if plot is not None:
        check_plot(plot)
    report = pipeline.bench(
        models or [],
        shapes=shapes or [],
        backends=backends or [],
        is_published_table=is_table,
        data=data,
        text=text,
        text_pair=text_pair,
        settings=settings | ({"protocol": "published"} if is_table else {}),
        callback=ConsoleCallback(),
    )
    if out is not None:
        write_json(out, report.model_dump(mode="json"))
    if plot is not None:
        write_plot(report, plot)
    if as_json:
        print_json(report.model_dump(mode="json"))
        return
    for table in make_bench_tables(report):
        print_table(table)
