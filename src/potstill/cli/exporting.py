"""The command `export`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from potstill.cli.groups import ConfigOptions
from potstill.cli.options import AsJson, ExampleOptions, ModelName, Plugins, SomeOverrides
from potstill.cli.output import make_console, print_json, print_table
from potstill.console import ConsoleCallback
from potstill.errors import ModelError
from potstill.plugins import load_plugins

if TYPE_CHECKING:
    from potstill.pipeline import Export
    from potstill.results import Table
    from potstill.serving import ExportConfig, ExportReport

EXPORT_EXAMPLES = """
[bold]Examples[/]

  [dim]# the student of a run: float32 and int8, measured on the run's own development set[/]
  potstill export runs/house-trec

  [dim]# a model of your own, measured on your data, into a new folder[/]
  potstill export my-model/ --data dev.csv --text question --label type --out served/

  [dim]# with the words of a corpus only, as most of a small student is its vocabulary[/]
  potstill export runs/house-trec --trim-to questions.txt --out served/

  [dim]# where int8 loses too much[/]
  potstill export runs/house-trec --per-channel --keep-fp32 last-layer
"""


def _find_config() -> "type[ExportConfig]":
    from potstill.serving import ExportConfig

    return ExportConfig


_SETTINGS = ConfigOptions(
    find=_find_config,
    names={
        "int8": "--int8",
        "per_channel": "--per-channel",
        "keep_fp32": "--keep-fp32",
        "fp16": "--fp16",
        "opset": "--opset",
        "max_drop": "--max-drop",
        "tolerance": "--tolerance",
    },
    panels={"max_drop": "Gates", "tolerance": "Gates"},
)


def export(
    model: ModelName,
    options: ExampleOptions,
    *,
    overrides: SomeOverrides = None,
    plugins: Plugins = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FOLDER", help="New folder for model and files. Left out: onnx/ in the model's own folder."
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
    settings: Annotated[dict[str, Any], _SETTINGS],
    as_json: AsJson = False,
) -> None:
    """Export a model to ONNX and int8, as ONNX Runtime, optimum and transformers.js read it.

    Each file passes a gate: the float32 file must repeat PyTorch on real texts of all lengths, or nothing is published
    and an older export stays; a smaller file is left out where the 95 % interval of what it loses lies above --max-drop
    points of the primary metric. Then the part that is to blame is named, and the command ends with 2.
    """
    from potstill import pipeline

    load_plugins(plugins or ())
    done = pipeline.export(
        model,
        **options.fields,
        overrides=overrides or (),
        out=out,
        corpus=corpus,
        settings=settings,
        callback=ConsoleCallback(),
    )
    if as_json:
        print_json({"folder": str(done.folder), "report": done.report.model_dump(mode="json")})
    else:
        _print(done)
    if done.report.refused:
        reasons = " ".join(refused.reason for refused in done.report.refused)
        raise ModelError(f"{reasons} The other files were published.")


def _tabulate(report: "ExportReport") -> "Table":
    from potstill.results import Table, figure_columns, word_columns

    rows = [file.write_cells(digits=2) for file in report.files]
    return Table(
        columns=(
            *word_columns("file"),
            *figure_columns("size", f"{report.metric} x 100", "points lost [95 %]", "same answer"),
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
    for company in (file.company for file in report.files):
        if company is not None:
            console.print(company.tell(), markup=False)
    for told in (file.tell_trust() for file in report.files):
        if told is not None:
            console.print(told, markup=False)
    console.print(
        f"float32 repeats PyTorch within {parity.largest_difference:.1g} on {parity.num_texts} texts of "
        f"{parity.shortest} to {parity.longest} tokens\nfolder: {done.folder}",
        markup=False,
    )
