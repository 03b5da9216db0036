"""The command `push`."""

from pathlib import Path
from typing import Annotated

import typer

from potstill.cli.options import AsJson
from potstill.cli.output import make_console, print_json

PUSH_EXAMPLES = """
[bold]Examples[/]

  [dim]# look at what would go[/]
  potstill push runs/house-trec my-name/questions --dry-run

  potstill push runs/house-trec my-name/questions --private
"""


def push(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A model's folder, or a finished run folder.")],
    repository: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="The repository; made where there is none.")],
    is_private: Annotated[bool, typer.Option("--private", help="Make a new repository private.")] = False,
    is_dry: Annotated[bool, typer.Option("--dry-run", help="Print what would go, and upload nothing.")] = False,
    message: Annotated[str, typer.Option("--message", metavar="TEXT", help="Of the commit.")] = "Upload a model",
    as_json: AsJson = False,
) -> None:
    """Upload a model to the Hugging Face hub: weights, tokenizer, ONNX files, model card.

    No other command uploads anything. Log in first with 'hf auth login'.
    """
    from potstill.hub import plan_push, push

    plan = plan_push(folder, repository)
    console = make_console()
    if as_json:
        told = {"folder": str(plan.folder), "files": list(plan.files), "size_bytes": plan.size_bytes}
        print_json(told | {"url": None if is_dry else push(plan, is_private=is_private, message=message)})
        return
    for name in plan.files:
        size = (plan.folder / name).stat().st_size
        console.print(f"{name}  {size / 1e6:.1f} MB" if size >= 1e5 else f"{name}  {size / 1e3:.1f} kB", markup=False)
    if is_dry:
        console.print(f"nothing was uploaded; {plan.size_bytes / 1e6:.1f} MB would go to {repository}", markup=False)
        return
    console.print(push(plan, is_private=is_private, message=message), markup=False)
