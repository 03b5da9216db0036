"""The command `potstill` and its subcommands."""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Annotated, cast

import typer
from typer.core import TyperCommand

from potstill.cli.applying import EVALUATE_EXAMPLES, evaluate
from potstill.cli.auditing import AUDIT_EXAMPLES, audit
from potstill.cli.augmenting import AUGMENT_EXAMPLES, augment
from potstill.cli.benching import BENCH_EXAMPLES, bench
from potstill.cli.catalogue import RECIPES_EXAMPLES, explain, list_recipes, show, tasks
from potstill.cli.comparing import COMPARE_EXAMPLES, compare
from potstill.cli.demo import DEMO_EXAMPLES, demo
from potstill.cli.examining import DOCTOR_EXAMPLES, doctor
from potstill.cli.exporting import EXPORT_EXAMPLES, export
from potstill.cli.labelling import LABEL_EXAMPLES, label
from potstill.cli.late_command import LateCommand
from potstill.cli.predicting import PREDICT_EXAMPLES, predict
from potstill.cli.pretraining import PRETRAIN_EXAMPLES, pretrain
from potstill.cli.pushing import PUSH_EXAMPLES, push
from potstill.cli.report import REPORT_EXAMPLES, report
from potstill.cli.settings import settings
from potstill.cli.submit import SUBMIT_EXAMPLES, submit
from potstill.cli.suite import SUITE_EXAMPLES, suite
from potstill.cli.tables import TABLES_EXAMPLES, tables
from potstill.cli.training import DISTILL_EXAMPLES, FINETUNE_EXAMPLES, distill, finetune

_EXAMPLES = """
[bold]To begin[/]

  potstill distill --task trec --teacher-base minilm

  potstill distill --data reviews.csv --text review --label stars --teacher my-teacher/
"""


def _make_app() -> typer.Typer:
    whole = typer.Typer(
        context_settings={"help_option_names": ["-h", "--help"]},
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
    )
    whole.callback(epilog=_EXAMPLES)(_potstill)
    _add(whole, demo, DEMO_EXAMPLES)
    _add(whole, distill, DISTILL_EXAMPLES)
    _add(whole, finetune, FINETUNE_EXAMPLES)
    _add(whole, doctor, DOCTOR_EXAMPLES)
    _add(whole, pretrain, PRETRAIN_EXAMPLES)
    _add(whole, augment, AUGMENT_EXAMPLES)
    _add(whole, label, LABEL_EXAMPLES)
    _add(whole, audit, AUDIT_EXAMPLES)
    _add(whole, evaluate, EVALUATE_EXAMPLES)
    _add(whole, predict, PREDICT_EXAMPLES)
    _add(whole, suite, SUITE_EXAMPLES)
    _add(whole, tables, TABLES_EXAMPLES)
    _add(whole, submit, SUBMIT_EXAMPLES)
    _add(whole, export, EXPORT_EXAMPLES)
    _add(whole, bench, BENCH_EXAMPLES)
    _add(whole, compare, COMPARE_EXAMPLES)
    _add(whole, push, PUSH_EXAMPLES)
    _add(whole, report, REPORT_EXAMPLES)
    group = typer.Typer(
        help="List, show and explain recipes; alone, it lists them.", epilog=RECIPES_EXAMPLES, rich_markup_mode="rich"
    )
    group.command("list", help=_unwrap(list_recipes))(list_recipes)
    group.command(help=_unwrap(show))(show)
    group.command(help=_unwrap(explain))(explain)
    group.command(help=_unwrap(settings))(settings)
    whole.add_typer(group, name="recipes")
    whole.command(help=_unwrap(tasks))(tasks)
    return whole


def _add(whole: typer.Typer, command: Callable[..., None], examples: str) -> None:
    late = cast("type[TyperCommand]", partial(LateCommand, function=command))
    whole.command(command.__name__, cls=late, help=_unwrap(command), epilog=examples)(_make_later)


def _make_later() -> None:
    """Stand for a command whose options are not made yet."""


def _unwrap(command: Callable[..., None]) -> str:
    """Take the doc of a command with its paragraphs in one line each, to be folded at the terminal's width."""
    paragraphs = (inspect.getdoc(command) or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _print_version(is_wanted: bool) -> bool:  # noqa: FBT001 - typer calls it so
    if is_wanted:
        from potstill import __version__

        typer.echo(f"potstill {__version__}")
        raise typer.Exit
    return is_wanted


def _potstill(
    is_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Distil BERT-family encoders into students that are small and fast enough to serve."""


app = _make_app()
