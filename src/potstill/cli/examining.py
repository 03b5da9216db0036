"""The command `doctor`."""

from typing import Annotated, Any

import typer

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
from potstill.cli.output import begin, print_json, print_list
from potstill.console import ConsoleCallback

DOCTOR_EXAMPLES = """
[bold]Examples[/]

  potstill doctor --task trec --teacher-base minilm

  potstill doctor --data reviews.csv --text review --label stars --teacher my-teacher/

  [dim]# for a script: 0 where nothing is worse than a warning, 2 where something is[/]
  potstill doctor kd --task trec --teacher my-teacher/ --json
"""


def doctor(
    recipe: Annotated[
        str,
        typer.Argument(metavar="RECIPE", help="A shipped recipe, a .toml file, or the recipe.json of a run."),
    ] = "house",
    *,
    teachers: Annotated[
        list[str] | None, typer.Option("--teacher", metavar="MODEL", help="As for 'potstill distill'.")
    ] = None,
    teacher_base: Annotated[
        str | None, typer.Option("--base", "--teacher-base", metavar="MODEL", help="As for 'potstill distill'.")
    ] = None,
    answers: Annotated[
        str | None, typer.Option("--teacher-answers", metavar="FILE", help="As for 'potstill distill'.")
    ] = None,
    options: ExampleOptions,
    unlabeled: Annotated[
        list[str] | None, typer.Option("--unlabeled", metavar="PATH", help="As for 'potstill distill'.")
    ] = None,
    corpus: Corpus = None,
    general: Annotated[
        str | None, typer.Option("--general", metavar="FOLDER", help="As for 'potstill distill'.")
    ] = None,
    out: RunFolderPath = None,
    shorthands: Annotated[dict[str, Any], SHORTHANDS],
    overrides: Overrides = None,
    ablations: Ablations = None,
    device: Device = None,
    plugins: Plugins = None,
    resume: Resume = False,
    as_json: AsJson = False,
) -> None:
    """Look in seconds for what may be wrong with recipe, teacher and data, before an hour is spent.

    Takes the options of 'potstill distill', opens what it would open, asks the teacher about some examples, tries a few
    steps, and says what it found: texts in two splits, labels in another order, a teacher that knows no more than a bag
    of words, too little memory, and so on. Ends with 2 where something will ruin the run.
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
    findings = pipeline.examine(planned, callback=ConsoleCallback())
    faults = sum(found.state == "fault" for found in findings)
    if as_json:
        print_json({"faults": faults, "findings": [found.to_json() for found in findings]})
    else:
        order = ("fault", "warning", "ok", "unknown")
        rows = sorted(findings, key=lambda found: order.index(found.state))
        print_list(("", "check", "finding"), [(found.state, found.check, found.told) for found in rows])
    if faults:
        raise typer.Exit(2)
