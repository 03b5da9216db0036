"""The command that makes new training texts: `augment`."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from potstill.cli.options import AsJson, ExampleOptions, Plugins, SomeOverrides
from potstill.cli.output import Stopped, check_file, make_console, print_json
from potstill.console import ConsoleCallback
from potstill.errors import RunError
from potstill.plugins import load_plugins

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text as StyledText

    from potstill.augmentation import Edit, Row, Variant

_METHOD = "Method"
_OUTPUT = "Output"

AUGMENT_EXAMPLES = """
[bold]Examples[/]

  [dim]# what would it do?[/]
  potstill augment --task sst-2 --data glue/ --preview 10

  [dim]# masks, words of the same part of speech, n-grams: 20 tries for each example[/]
  potstill augment --task sst-2 --data glue/ --copies 20 --out sst-2.parquet

  [dim]# words that a masked language model expects, labelled by the teacher[/]
  potstill augment --method tinybert --data reviews.csv --text review --label stars --teacher my-teacher/ --out new.jsonl --set augmentation.method.masked_lm=path/to/bert

  [dim]# the same, many times as fast: every text is read once for all its words[/]
  potstill augment --method tinybert --data reviews.csv --text review --label stars --out new.jsonl --set augmentation.method.masked_lm=path/to/bert --set augmentation.method.share_reading=true --set augmentation.method.context=single

  [dim]# only what the teacher is sure of and what differs enough, rare classes as often as others[/]
  potstill augment --task cola --data glue/ --teacher my-teacher/ --out cola.parquet --set augmentation.filter.min_margin=0.3 --set augmentation.balance_classes=true
"""  # noqa: E501 - a command is one line


def augment(
    options: ExampleOptions,
    method: Annotated[
        str,
        typer.Option(
            "--method",
            metavar="NAME",
            rich_help_panel=_METHOD,
            help="'tang': masks, words of the same part of speech, n-grams. 'tinybert': words that a masked language "
            "model expects, and neighbours among word vectors.",
        ),
    ] = "tang",
    copies: Annotated[
        int | None,
        typer.Option(
            "--copies",
            metavar="N",
            min=1,
            rich_help_panel=_METHOD,
            help="Tries for each example. Left out: the published number for the task.",
        ),
    ] = None,
    teacher: Annotated[
        str | None,
        typer.Option(
            "--teacher",
            metavar="MODEL",
            rich_help_panel=_METHOD,
            help="A fine-tuned classifier that labels the new texts: folder, run folder or hub name.",
        ),
    ] = None,
    overrides: SomeOverrides = None,
    plugins: Plugins = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", rich_help_panel=_OUTPUT, help="New .parquet or .jsonl file."),
    ] = None,
    preview: Annotated[
        int | None,
        typer.Option(
            "--preview",
            metavar="N",
            min=1,
            rich_help_panel=_OUTPUT,
            help="Write nothing; show N examples beside what becomes of them.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            metavar="N",
            min=1,
            rich_help_panel=_OUTPUT,
            help="Processes that draw; the result does not depend on it. Left out: as many as are worth while.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make new training texts out of a task's own.

    Writes one file with the examples and the new texts, each with the row that it was made from, that row's label, the
    method, and the positions of the words that were changed. With a teacher, the column 'label' holds what the teacher
    says of a new text. The same command goes on with work that was stopped.

    In recipes, a stage with data = "augmented" does the same by itself.
    """
    from potstill import pipeline

    load_plugins(plugins or ())
    _check_options(out, preview, workers)
    callback = ConsoleCallback()
    if out is None:
        copies = copies or 1
        shown = pipeline.preview_augmentation(
            preview or 0,
            method,
            copies=copies,
            overrides=overrides or (),
            callback=callback,
            teacher=teacher,
            **options.fields,
        )
        _print_preview(shown, as_json=as_json)
        return
    with _continuable():
        made = pipeline.augment(
            method,
            out=out,
            copies=copies,
            overrides=overrides or (),
            workers=workers,
            callback=callback,
            teacher=teacher,
            **options.fields,
        )
    if as_json:
        print_json({**asdict(made), "path": str(made.path)})
    else:
        make_console().print(f"{made.path}: {made.num_rows:,} rows, {made.num_new:,} of them new texts", markup=False)


def _check_options(out: Path | None, preview: int | None, workers: int | None) -> None:
    """Refuse options that do not go together, before any work is done."""
    if (out is None) == (preview is None):
        raise RunError("augment: give either --out FILE, to write the texts, or --preview N, to see some.")
    if preview is not None and workers is not None:
        raise RunError("--workers: a preview is made by one process; leave it out.")
    check_file(out)


@contextmanager
def _continuable() -> Generator[None]:
    """Tell how to go on where the user stops the work."""
    try:
        yield
    except KeyboardInterrupt:
        raise Stopped("give the same command to go on") from None


def _print_preview(shown: "Sequence[tuple[Row, list[Variant]]]", *, as_json: bool) -> None:
    """Print examples and what becomes of them side by side."""
    if as_json:
        print_json(
            [
                {"texts": list(row), "variants": [[edit.text for edit in variant] for variant in variants]}
                for row, variants in shown
            ]
        )
        return
    console = make_console()
    console.print(_preview_table(shown, has_styles=console.is_terminal), soft_wrap=False)


def _preview_table(shown: "Sequence[tuple[Row, list[Variant]]]", *, has_styles: bool) -> "Table":
    """Put examples and variants into a table; without styles, changed words stand between marks."""
    from rich.table import Table
    from rich.text import Text as StyledText

    table = Table("original", "new", show_lines=True, padding=(0, 1))
    gap = StyledText("\n")
    for row, variants in shown:
        for variant in variants:
            table.add_row(
                gap.join(_mark_old(text, edit, has_styles=has_styles) for text, edit in zip(row, variant, strict=True)),
                gap.join(_mark_new(edit, has_styles=has_styles) for edit in variant),
            )
        if not variants:
            table.add_row(gap.join(StyledText(text) for text in row), StyledText("(no change)", style="dim"))
    return table


def _mark_old(text: str, edit: "Edit", *, has_styles: bool) -> "StyledText":
    """Mark in the original what was replaced, and dim what was dropped."""
    from potstill.augmentation import split_words

    return _join(split_words(text).parts, set(edit.changed), "red strike", edit.kept, has_styles=has_styles)


def _mark_new(edit: "Edit", *, has_styles: bool) -> "StyledText":
    """Mark what is new."""
    places = {position - edit.kept[0] for position in edit.changed}
    return _join(edit.parts, places, "bold green", (0, len(edit.words)), has_styles=has_styles)


def _join(
    parts: "Sequence[str]", places: set[int], style: str, kept: tuple[int, int], *, has_styles: bool
) -> "StyledText":
    from rich.text import Text as StyledText

    return StyledText.assemble(*_styled(parts, places, style, kept, has_styles=has_styles))


def _styled(
    parts: "Sequence[str]", places: set[int], style: str, kept: tuple[int, int], *, has_styles: bool
) -> Iterator[tuple[str, str]]:
    """Give the pieces of a text with their styles."""
    for index, part in enumerate(parts):
        is_word, position = index % 2 == 1, index // 2
        if is_word and position in places:
            yield (part, style) if has_styles else (f"«{part}»", "")
        else:
            is_dropped = not kept[0] <= position < kept[1] and index != len(parts) - 1
            yield part, "dim" if is_dropped and has_styles else ""
