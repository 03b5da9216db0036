"""The commands that apply a model: `evaluate` and `predict`."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from potstill.cli.options import AsJson, DataPath, Label, ModelName, Overrides, ResultsFile, TaskName, Text, TextPair
from potstill.cli.output import check_file, print_json, print_results
from potstill.console import ConsoleObserver
from potstill.errors import DataError
from potstill.files import write_text

if TYPE_CHECKING:
    from potstill.data import Split

__all__ = ["EVALUATE_EXAMPLES", "PREDICT_EXAMPLES", "evaluate", "predict"]

EVALUATE_EXAMPLES = """
[bold]Examples[/]

  [dim]# the student of a run, on the run's own development set[/]
  potstill evaluate runs/kd-trec

  [dim]# on every row of a file[/]
  potstill evaluate runs/kd-trec --data test.csv --text question --label type

  [dim]# and how alike it is to a teacher[/]
  potstill evaluate my-student/ --task sst-2 --data glue/ --teacher my-teacher/
"""

PREDICT_EXAMPLES = """
[bold]Examples[/]

  potstill predict runs/kd-trec "Who wrote Faust?" "How far is the moon?"

  potstill predict runs/kd-trec --data questions.csv --text question --out answers.jsonl

  [dim]# one text a line[/]
  cat questions.txt | potstill predict runs/kd-trec
"""


def evaluate(
    model: ModelName,
    task: TaskName = None,
    data: DataPath = None,
    text: Text = None,
    text_pair: TextPair = None,
    label: Label = None,
    teacher: Annotated[
        str | None,
        typer.Option("--teacher", metavar="MODEL", help="Measure this model too, and how alike the two are."),
    ] = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
    out: ResultsFile = None,
) -> None:
    """Measure a model: quality with intervals, likeness to a teacher, size and speed.

    A single file is measured on all its rows, a folder and a known task on their development set. A run folder
    without any data option is measured on the run's own development set.
    """
    from potstill import pipeline

    check_file(out)
    results = pipeline.evaluate(
        model,
        task=task,
        data=data,
        text=text,
        text_pair=text_pair,
        label=label,
        teacher=teacher,
        overrides=overrides or (),
        observer=ConsoleObserver(),
    )
    if out is not None:
        results.write(out)
    if as_json:
        print_json(results.model_dump(mode="json"))
    else:
        print_results(results)


def predict(
    model: ModelName,
    texts: Annotated[list[str] | None, typer.Argument(metavar="TEXT...", help="Texts to predict on.")] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="FILE", help="CSV, TSV, JSONL, JSON, Parquet, or .txt with one text a line."),
    ] = None,
    text: Text = None,
    text_pair: TextPair = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write to a file, whole or not at all, not to stdout.")
    ] = None,
) -> None:
    """Predict labels, or scores, of texts.

    Prints one JSON object a line, in the order of the texts: the label with the probability of every label, or the
    score of a regression. Texts come from the command line, from a file, or from stdin, one a line.
    """
    from potstill import pipeline

    check_file(out)
    split = _read(texts or [], data, text, text_pair)
    observer = ConsoleObserver() if out is not None else None
    predictions = pipeline.predict(model, split.texts, pairs=split.pairs, observer=observer)
    lines = (json.dumps(prediction.to_json(), ensure_ascii=False) + "\n" for prediction in predictions)
    if out is not None:
        write_text(out, "".join(lines))
    else:
        sys.stdout.writelines(lines)


def _read(texts: list[str], data: Path | None, text: str | None, text_pair: str | None) -> "Split":
    """Take the texts from where the user put them."""
    from potstill.data import Split, read_texts

    if data is not None and texts:
        raise DataError("texts come from the command line or from --data, not from both; leave one out.")
    if data is not None:
        return read_texts(data, text=text, text_pair=text_pair)
    if text is not None or text_pair is not None:
        raise DataError("--text and --text-pair name columns of a file, and there is none; give it with --data.")
    if not texts and sys.stdin.isatty():
        raise DataError("there is nothing to predict; give texts, a file with --data, or lines on stdin.")
    found = texts or list(_lines())
    if not found:
        raise DataError("there is nothing to predict: stdin is empty; give texts, or a file with --data.")
    for number, line in enumerate(found, start=1):
        if not line.strip():
            raise DataError(f"text {number} of {len(found)} is empty; leave it out.")
    return Split(texts=found)


def _lines() -> Iterator[str]:
    for line in sys.stdin:
        yield line.rstrip("\r\n")
