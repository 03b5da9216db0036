"""The command `pretrain`, and what a run on plain text prints."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from potstill.cli.options import (
    TEXT_SHORTHANDS,
    Ablations,
    AsJson,
    Corpus,
    Device,
    Overrides,
    Plugins,
    Resume,
    RunFolderPath,
)
from potstill.cli.output import begin, make_console, print_json, print_list, resumable
from potstill.console import ConsoleCallback

if TYPE_CHECKING:
    from potstill.pipeline import GeneralRun, PlannedRun

PRETRAIN_EXAMPLES = """
[bold]Examples[/]

  [dim]# give an encoder a masked-LM head, or train the one that it has further[/]
  potstill pretrain minilm --corpus wiki.txt.gz --out runs/minilm-mlm

  [dim]# a small BERT from random weights, with the tokenizer of another model[/]
  potstill pretrain minilm --recipe bert-small --corpus texts/

  [dim]# the general part of a distillation alone; start from it with 'potstill distill ... --general'[/]
  potstill pretrain runs/minilm-mlm --recipe distilbert-4 --corpus wiki.txt.gz --corpus novels.txt

  [dim]# try it on the first lines[/]
  potstill pretrain minilm --corpus wikimedia/wikipedia:20231101.en --set data.corpus.limit=10000
"""


def pretrain(
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="[MODEL]",
            help="A pre-trained encoder: trained further, followed as a teacher, or the one whose tokenizer is used, "
            "as the recipe has it. Folder, run folder, hub name, or 'minilm'.",
        ),
    ] = None,
    recipe: Annotated[
        str,
        typer.Option(
            "--recipe", metavar="RECIPE", rich_help_panel="Run", help="A recipe with stages on a corpus, or a file."
        ),
    ] = "pretrain",
    *,
    corpus: Corpus = None,
    out: RunFolderPath = None,
    shorthands: Annotated[dict[str, Any], TEXT_SHORTHANDS],
    overrides: Overrides = None,
    ablations: Ablations = None,
    device: Device = None,
    plugins: Plugins = None,
    resume: Resume = False,
    as_json: AsJson = False,
) -> None:
    """Learn from plain text, without any task: pre-training, or the general part of a distillation.

    Leaves a run folder with the student, which later distillations start from ('potstill distill ... --general'), and
    results.json: losses on text that was held out, before and after, and how many hidden words the student predicts.
    """
    from potstill import pipeline
    from potstill.recipes import Shorthands

    begin(plugins, device)
    planned = pipeline.plan_run(
        recipe,
        pipeline.name_fields({}, teacher_base=model, corpus=corpus or ()),
        shorthands=Shorthands.parse(shorthands),
        overrides=overrides or (),
        ablations=ablations or (),
        out=out,
        resume=resume,
    )
    run_on_text(planned, as_json=as_json)


def run_on_text(planned: "PlannedRun", *, as_json: bool) -> None:
    """Run the stages of a recipe on plain text, and print what came of it."""
    with planned.claimed() as claimed, resumable(claimed.folder):
        run = claimed.pretrain(callback=ConsoleCallback())
    if as_json:
        print_json(
            {
                "folder": str(run.folder),
                "student": str(run.student),
                "results": run.results.model_dump(mode="json"),
            }
        )
    else:
        _print(run)


def _print(run: "GeneralRun") -> None:
    results, console = run.results, make_console()
    figures = (
        (stage.name, name, f"{stage.before[name]:.4f}" if name in stage.before else "", f"{after:.4f}")
        for stage in results.stages
        for name, after in stage.after.items()
    )
    print_list(("stage", "on held-out text", "before", "after"), figures)
    corpus = results.corpus
    console.print(
        f"{corpus.num_lines:,} lines, {corpus.num_examples:,} examples, {corpus.num_tokens:,} tokens; measured on "
        f"{corpus.num_heldout:,} examples that were held out.\n"
        f"{results.parameters['total']:,} weights, {results.parameters['encoder']:,} of them in the layers."
    )
    if results.fills:
        fills = ((fill.answer, ", ".join(fill.guesses), _shorten(fill.text)) for fill in results.fills)
        print_list(("hidden word", "guesses", "text"), fills)
    console.print(f"\nrun folder: {run.folder}\nstart from it: potstill distill RECIPE --general {run.folder} ...")


def _shorten(text: str, *, width: int = 90) -> str:
    """Keep what stands around the hidden word."""
    place = max(0, text.find("[MASK]"))
    start = max(0, min(place - width // 2, len(text) - width))
    return ("..." if start else "") + text[start : start + width] + ("..." if start + width < len(text) else "")
