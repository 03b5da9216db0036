"""The command `export`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from potstill.cli.options import AsJson, ExampleOptions, ModelName, Plugins, SomeOverrides
from potstill.cli.output import make_console, print_json, print_table
from potstill.console import ConsoleObserver
from potstill.plugins import load_plugins

if TYPE_CHECKING:
    from potstill.pipeline import Export
    from potstill.results import Table
    from potstill.serving import ExportReport

EXPORT_EXAMPLES = """
[bold]Examples[/]

  [dim]# the student of a run: float32 and int8, measured on the run's own development set[/]
  potstill export runs/kd-trec

  [dim]# a model of your own, measured on your data, into a new folder[/]
  potstill export my-model/ --data dev.csv --text question --label type --out served/

  [dim]# with the words of a corpus only, as most of a small student is its vocabulary[/]
  potstill export runs/kd-trec --trim-to questions.txt --out served/

  [dim]# where int8 loses too much[/]
  potstill export runs/kd-trec --per-channel --keep-fp32 last-layer
"""

_GATES = "Gates"


def export(
    model: ModelName,
    options: ExampleOptions,
    overrides: SomeOverrides = None,
    plugins: Plugins = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FOLDER", help="New folder for model and files. Left out: onnx/ in the model's own folder."
        ),
    ] = None,
    int8: Annotated[
        Literal["dynamic", "static", "none"],
        typer.Option("--int8", help="Ranges of activations: measured in each batch, beforehand on texts; or no int8."),
    ] = "dynamic",
    per_channel: Annotated[
        bool, typer.Option("--per-channel", help="One int8 scale for each output of a layer: more exact.")
    ] = False,
    keep_fp32: Annotated[
        list[str] | None,
        typer.Option(
            "--keep-fp32",
            metavar="PART",
            help="Leave 'embeddings' or 'last-layer' in float32 in the int8 file; can be given twice.",
        ),
    ] = None,
    corpus: Annotated[
        Path | None,
        typer.Option(
            "--trim-to",
            metavar="FILE",
            help="Keep only the tokens that occur in these texts (.txt, CSV, JSONL, ...); needs --out.",
        ),
    ] = None,
    fp16: Annotated[bool, typer.Option("--fp16", help="Make a float16 file too, for accelerators.")] = False,
    opset: Annotated[int, typer.Option("--opset", metavar="N", help="Version of ONNX's operators, 18 to 23.")] = 20,
    max_drop: Annotated[
        float,
        typer.Option(
            "--max-drop", min=0, max=100, metavar="POINTS", rich_help_panel=_GATES, help="Points a file may lose."
        ),
    ] = 0.5,
    tolerance: Annotated[
        float,
        typer.Option(
            "--tolerance", metavar="X", rich_help_panel=_GATES, help="Largest difference of float32 logits to PyTorch."
        ),
    ] = 1e-3,
    as_json: AsJson = False,
) -> None:
    """Export a model to ONNX and int8, as ONNX Runtime, optimum and transformers.js read it.

    Each file passes a gate before anything is published: the float32 file must repeat PyTorch on real texts of all
    lengths, and no file may lose more than --max-drop points of the primary metric. Where int8 does, the part that is
    to blame is named, and an older export stays as it was.
    """
    from potstill import pipeline
    from potstill.serving import ExportConfig

    load_plugins(plugins or ())
    config = ExportConfig.parse(
        {
            "opset": opset,
            "int8": int8,
            "per_channel": per_channel,
            "keep_fp32": keep_fp32 or (),
            "fp16": fp16,
            "max_drop": max_drop,
            "tolerance": tolerance,
        }
    )
    done = pipeline.export(
        model,
        options=pipeline.DataOptions(**options.fields),
        overrides=overrides or (),
        out=out,
        corpus=corpus,
        config=config,
        observer=ConsoleObserver(),
    )
    if as_json:
        print_json({"folder": str(done.folder), "report": done.report.model_dump(mode="json")})
    else:
        _print(done)


def _tabulate(report: "ExportReport") -> "Table":
    from potstill.results import Table, figure_columns, word_columns

    rows = [
        (
            f"onnx/{file.file}",
            f"{file.size_bytes / 1e6:.1f} MB",
            f"{100 * file.score:.2f}",
            f"{file.drop:+.2f}",
            "-" if file.agreement is None else f"{100 * file.agreement:.1f} %",
        )
        for file in report.files
    ]
    return Table(
        columns=(
            *word_columns("file"),
            *figure_columns("size", f"{report.metric} x 100", "points lost", "same answer"),
        ),
        rows=(("PyTorch, float32", "", f"{100 * report.score:.2f}", "", ""), *rows),
    )


def _print(done: "Export") -> None:
    report = done.report
    print_table(_tabulate(report))
    parity, console = report.parity, make_console()
    if report.vocabulary is not None:
        cut = report.vocabulary
        console.print(f"vocabulary: {cut.tokens_before:,} to {cut.tokens_after:,} tokens, {cut.drop:+.2f} points lost")
    console.print(
        f"float32 repeats PyTorch within {parity.largest_difference:.1g} on {parity.num_texts} texts of "
        f"{parity.shortest} to {parity.longest} tokens\nfolder: {done.folder}",
        markup=False,
    )
