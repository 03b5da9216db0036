"""The command `potstill` and its subcommands."""

import inspect
from collections.abc import Callable
from typing import Annotated

import typer

from potstill import __version__
from potstill.cli.applying import EVALUATE_EXAMPLES, PREDICT_EXAMPLES, evaluate, predict
from potstill.cli.catalogue import RECIPES_EXAMPLES, explain, list_recipes, recipes, show, tasks
from potstill.cli.training import DISTILL_EXAMPLES, FINETUNE_EXAMPLES, distill, finetune

__all__ = ["app"]

_EXAMPLES = """
[bold]To begin[/]

  potstill distill kd --task trec --teacher-base minilm

  potstill distill kd --data reviews.csv --text review --label stars --teacher my-teacher/
"""


def _make_app() -> typer.Typer:
    whole = typer.Typer(
        context_settings={"help_option_names": ["-h", "--help"]},
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
    )
    whole.callback(invoke_without_command=True, epilog=_EXAMPLES)(_potstill)
    whole.command(help=_unwrap(distill), epilog=DISTILL_EXAMPLES)(distill)
    whole.command(help=_unwrap(finetune), epilog=FINETUNE_EXAMPLES)(finetune)
    whole.command(help=_unwrap(evaluate), epilog=EVALUATE_EXAMPLES)(evaluate)
    whole.command(help=_unwrap(predict), epilog=PREDICT_EXAMPLES)(predict)
    group = typer.Typer(rich_markup_mode="rich")
    group.callback(invoke_without_command=True, help=_unwrap(recipes), epilog=RECIPES_EXAMPLES)(recipes)
    group.command("list", help=_unwrap(list_recipes))(list_recipes)
    group.command(help=_unwrap(show))(show)
    group.command(help=_unwrap(explain))(explain)
    whole.add_typer(group, name="recipes")
    whole.command(help=_unwrap(tasks))(tasks)
    return whole


def _unwrap(command: Callable[..., None]) -> str:
    """Take the doc of a command with its paragraphs in one line each, to be folded at the terminal's width."""
    paragraphs = (inspect.getdoc(command) or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _print_version(is_wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if is_wanted:
        typer.echo(f"potstill {__version__}")
        raise typer.Exit


def _potstill(
    context: typer.Context,
    is_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Distil BERT-family encoders into students that are small and fast enough to serve."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


app = _make_app()
