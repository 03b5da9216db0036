"""The command `audit`."""

from pathlib import Path
from typing import Annotated

import typer

from potstill.cli.options import AsJson, ExampleOptions
from potstill.cli.output import check_file, print_json, print_table
from potstill.files import write_json

AUDIT_EXAMPLES = """
[bold]Examples[/]

  [dim]# what a language model said: how often it contradicts itself, and which answers are suspect[/]
  potstill audit answers.jsonl

  [dim]# against the gold labels that there are, with a page to look through[/]
  potstill audit answers.jsonl --data reviews.csv --text review --label stars --out audit.html
"""


def audit(
    answers: Annotated[
        Path, typer.Argument(metavar="ANSWERS", help="A table of answers, as --teacher-answers takes it.")
    ],
    *,
    options: ExampleOptions,
    most: Annotated[int, typer.Option("--most", min=0, metavar="N", help="Suspects that are printed.")] = 10,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="A page to look through, or all as JSON (.json)."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say how good a teacher's answers are: per label, against gold labels, against themselves, and which are suspect.

    Texts that were answered more than once (several tables put into one) show how far the teacher agrees with itself.
    Suspects are answers that a model of the other texts' words contradicts with confidence.
    """
    from potstill import pipeline

    check_file(out)
    found = pipeline.audit(answers, options=pipeline.DataOptions(**options.fields))
    if out is not None and out.suffix.lower() == ".json":
        write_json(out, found.model_dump(mode="json"))
    elif out is not None:
        from potstill.reporting import write_audit

        write_audit(found, out)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    print_table(found.table())
    if found.suspects and most:
        print_table(found.suspect_table(most=most))
