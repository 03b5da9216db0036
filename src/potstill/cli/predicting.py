"""The command `predict`: texts from anywhere, JSON lines or CSV out, on any back-end."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from potstill.cli.options import BackendName, ModelName, Text, TextPair, Threads
from potstill.cli.output import check_file
from potstill.cli.prediction_writer import PredictionWriter, TextRow
from potstill.console import ConsoleCallback
from potstill.errors import DataError
from potstill.files import whole_file

if TYPE_CHECKING:
    from potstill.answers import Prediction
    from potstill.serving import Classifier

PREDICT_EXAMPLES = """
[bold]Examples[/]

  potstill predict runs/house-trec "Who wrote Faust?" "How far is the moon?"

  [dim]# a column of a file, into a table[/]
  potstill predict runs/house-trec --data questions.csv --text question --out answers.csv

  [dim]# leave what is too hard to the teacher: at least 99 of 100 of the other answers are the teacher's[/]
  potstill predict runs/house-trec --data questions.csv --text question --agree 0.99 --out answers.csv

  [dim]# a table of answers that can teach a student in the model's stead[/]
  potstill predict my-teacher/ --data questions.csv --with-text --logits --out answers.jsonl

  [dim]# one text a line, on the int8 file that 'potstill export' made; answers come as lines do[/]
  cat questions.txt | potstill predict runs/house-trec --backend onnx-int8 --chunk 64
"""

_CHUNK = 2048
_MOST_ROWS = 8


def predict(
    model: ModelName,
    texts: Annotated[list[str] | None, typer.Argument(metavar="TEXT...", help="Texts to predict on.")] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="FILE", help="CSV, TSV, JSONL, JSON, Parquet, or .txt with one text a line."),
    ] = None,
    text: Text = None,
    text_pair: TextPair = None,
    backend: BackendName = "sdpa",
    threads: Threads = None,
    max_length: Annotated[
        int | None,
        typer.Option(
            "--max-length", min=3, metavar="TOKENS", help="Cut longer texts. Left out: as it was trained, or reads."
        ),
    ] = None,
    agree: Annotated[
        float | None,
        typer.Option(
            "--agree",
            metavar="SHARE",
            help="Say of each text whether the model answers or defers: where it answers, at least this share is what "
            "its teacher says, with 95 % confidence.",
        ),
    ] = None,
    chunk: Annotated[
        int,
        typer.Option("--chunk", min=1, metavar="N", help="Texts answered together: fewer is sooner, more is faster."),
    ] = _CHUNK,
    form: Annotated[
        Literal["jsonl", "csv"] | None,
        typer.Option("--format", help="Left out: CSV where --out ends with .csv, else JSON lines."),
    ] = None,
    with_text: Annotated[bool, typer.Option("--with-text", help="Repeat the text in front of its answer.")] = False,
    with_logits: Annotated[
        bool, typer.Option("--logits", help="The logits too, with which a student learns exactly what the model says.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write to a file, whole or not at all, not to stdout.")
    ] = None,
) -> None:
    """Predict labels, or scores, of texts.

    Prints one JSON object a line, in the order of the texts: the label, or all labels where there may be several, with
    the probability of every label, or the score. Texts come from the command line, from a file, or from
    stdin, one a line; stdin is answered while it is read.
    """
    from potstill import serving

    check_file(out)
    if data is not None and not data.name.lower().endswith((".txt", ".txt.gz")):
        own, own_pair = serving.trained_columns(model)
        text, text_pair = text or own, text_pair or own_pair
    rows = _rows(texts or [], data, text, text_pair)
    classifier = serving.load(model, backend=backend, max_length=max_length, threads=threads, agree=agree)
    if with_logits and classifier.answer.row == "word":
        raise DataError("--logits: this model says something of every word, and a row has a text; leave it out.")
    if (told := serving.tell_company(model, backend)) is not None:
        ConsoleCallback().note(told)
    is_table = form == "csv" or (form is None and out is not None and out.suffix.lower() == ".csv")
    write = PredictionWriter(classifier, is_table=is_table, with_text=with_text, with_logits=with_logits)
    watch, tally = ConsoleCallback(), _Tally()
    if out is None:
        for some in _chunks(rows, chunk):
            sys.stdout.write(write.lines(some, _answer(classifier, some, tally)))
            sys.stdout.flush()  # whoever reads the pipe gets the answers now
    else:
        total = len(rows) if isinstance(rows, list) else 0
        with (
            whole_file(out) as aside,
            aside.open("w", encoding="utf-8", newline="") as file,
            watch.task("predict", total) as progress,
        ):
            for some in _chunks(rows, chunk):
                file.write(write.lines(some, _answer(classifier, some, tally)))
                progress.advance(len(some))
    tally.tell(watch, num_cut=classifier.num_cut)


class _Tally:
    """Counts texts, and those without a word."""

    def __init__(self) -> None:
        self._count = self._num_deferred = 0
        self._empty: list[int] = []

    def add(self, predictions: Sequence["Prediction"]) -> None:
        """Count some more."""
        for number, prediction in enumerate(predictions, start=self._count + 1):
            if prediction.missing is not None:
                self._empty.append(number)
        self._count += len(predictions)
        self._num_deferred += sum(each.defers is True for each in predictions)

    def tell(self, watch: ConsoleCallback, *, num_cut: int) -> None:
        """Say in one line what was not as it should be."""
        told = [f"{self._num_deferred:,} deferred"] if self._num_deferred else []
        if self._empty:
            rows = ", ".join(map(str, self._empty[:_MOST_ROWS])) + (", ..." if len(self._empty) > _MOST_ROWS else "")
            told.append(f"{len(self._empty):,} without a word, answered with null (rows {rows})")
        if num_cut:
            told.append(f"{num_cut:,} cut at the longest length (--max-length)")
        if told:
            watch.note(f"of {self._count:,} texts: {'; '.join(told)}")


def _rows(texts: list[str], data: Path | None, text: str | None, text_pair: str | None) -> Iterable[TextRow]:
    """Take the texts from where the user put them; of stdin only the first line is read here."""
    if data is not None and texts:
        raise DataError("texts come from the command line or from --data, not from both; leave one out.")
    if data is not None:
        return _of_split(data, text, text_pair)
    if text is not None or text_pair is not None:
        raise DataError("--text and --text-pair name columns of a file, and there is none; give it with --data.")
    if texts:
        return [(text, None) for text in texts]
    if sys.stdin.isatty():
        raise DataError("there is nothing to predict; give texts, a file with --data, or lines on stdin.")
    lines = _lines_of_stdin()
    first = next(lines, None)
    if first is None:
        raise DataError("there is nothing to predict: stdin is empty; give texts, or a file with --data.")
    return chain([first], lines)


def _of_split(data: Path, text: str | None, text_pair: str | None) -> list[TextRow]:
    from potstill.data import read_texts

    split = read_texts(data, text=text, text_pair=text_pair, may_be_empty=True)
    return list(zip(split.texts, split.pairs or repeat(None, len(split)), strict=True))


def _lines_of_stdin() -> Iterator[TextRow]:
    """Read stdin as UTF-8, whatever the locale; each line is a text."""
    for number, line in enumerate(sys.stdin.buffer, start=1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise DataError(f"line {number} of stdin is not UTF-8 text ({error.reason}); convert it first.") from None
        yield text, None


def _chunks(rows: Iterable[TextRow], size: int) -> Iterator[list[TextRow]]:
    """Put rows together; those before one that cannot be read are still given."""
    some: list[TextRow] = []
    try:
        for row in rows:
            some.append(row)
            if len(some) == size:
                yield some
                some = []
    except DataError:
        if some:
            yield some
        raise
    if some:
        yield some


def _answer(classifier: "Classifier", rows: Sequence[TextRow], tally: _Tally) -> list["Prediction"]:
    pairs = [pair for _, pair in rows if pair is not None]
    predictions = classifier([text for text, _ in rows], pairs or None)
    tally.add(predictions)
    return predictions
