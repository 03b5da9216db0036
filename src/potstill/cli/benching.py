"""The command `bench`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from potstill.cli.options import AsJson, Text, TextPair, Threads
from potstill.cli.output import check_file, print_json, print_table
from potstill.console import ConsoleObserver
from potstill.files import write_json

BENCH_EXAMPLES = """
[bold]Examples[/]

  [dim]# teacher and student on your texts; ratios refer to the first[/]
  potstill bench my-teacher/ runs/kd --data reviews.csv --text review --plot speed.png

  [dim]# one model on several back-ends, after 'potstill export runs/kd'[/]
  potstill bench runs/kd --backend sdpa --backend onnx --backend onnx-int8

  [dim]# what a student would be worth, before you train it[/]
  potstill bench --shape 12x768 --shape 4x312x1200 --shape bilstm

  [dim]# the published table, on this machine, beside the published figures[/]
  potstill bench --seed-table --batches 2
"""

_WHAT = "What is timed"
_HOW = "How"


def bench(
    models: Annotated[
        list[str] | None, typer.Argument(metavar="MODEL...", help="Folders of saved models, run folders or hub names.")
    ] = None,
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
            "--seed-table",
            rich_help_panel=_WHAT,
            help="The shapes of the TinyBERT paper's table with the protocol 'seed', beside its figures.",
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
    protocol: Annotated[
        Literal["real", "seed"],
        typer.Option("--protocol", rich_help_panel=_HOW, help="Texts of real lengths, or full batches of one length."),
    ] = "real",
    batches: Annotated[
        int | None, typer.Option("--batches", min=1, rich_help_panel=_HOW, help="seed: timed batches. Left out: 10.")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", min=1, rich_help_panel=_HOW, help="seed: texts. Left out: 128.")
    ] = None,
    tokens: Annotated[
        int | None, typer.Option("--tokens", min=2, rich_help_panel=_HOW, help="seed: tokens. Left out: 128.")
    ] = None,
    repeats: Annotated[
        int | None, typer.Option("--repeats", min=1, rich_help_panel=_HOW, help="real: rounds. Left out: 5.")
    ] = None,
    num_texts: Annotated[
        int | None, typer.Option("--texts", min=1, rich_help_panel=_HOW, help="real: texts alone. Left out: 64.")
    ] = None,
    warmup: Annotated[int, typer.Option("--warmup", min=0, rich_help_panel=_HOW, help="Untimed rounds before.")] = 1,
    threads: Threads = None,
    has_probe: Annotated[
        bool,
        typer.Option("--probe/--no-probe", rich_help_panel=_HOW, help="Cold start and memory, each in a process."),
    ] = True,
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
    fields = {
        "num_batches": batches,
        "batch_size": batch_size,
        "num_tokens": tokens,
        "repeats": repeats,
        "num_texts": num_texts,
        "threads": threads,
    }
    report = pipeline.bench(
        models or [],
        shapes=shapes or [],
        backends=backends or [],
        is_seed_table=is_table,
        texts=None if data is None else (data, text, text_pair),
        settings={
            "protocol": "seed" if is_table else protocol,
            "warmup": warmup,
            "has_probe": has_probe,
            **{name: value for name, value in fields.items() if value is not None},
        },
        observer=ConsoleObserver(),
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
