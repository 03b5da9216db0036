"""The command `submit`: answers on the test sets as the files that the benchmark's server takes."""

from pathlib import Path
from typing import Annotated

import typer

from potstill.cli.options import AsJson
from potstill.cli.output import check_file, make_console, print_json
from potstill.console import ConsoleCallback
from potstill.errors import DataError, RunError, did_you_mean
from potstill.files import expand_user

SUBMIT_EXAMPLES = """
[bold]Examples[/]

  [dim]# a run for each task; a run knows its task[/]
  potstill submit runs/tiny-cola runs/tiny-sst-2 --data glue_data --out glue.zip --placeholders

  [dim]# any models, named with their tasks[/]
  potstill submit cola=models/cola mnli=models/mnli --data glue_data --out glue.zip --placeholders

  [dim]# would the server take this file?[/]
  potstill submit --check glue.zip
"""


def submit(
    models: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MODEL]...", help="Run folders, or TASK=MODEL with a folder or hub name."),
    ] = None,
    data: Annotated[
        str | None, typer.Option("--data", metavar="PATH", help="The GLUE folder; needs the test file of each task.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The zip file to write.")] = Path("glue.zip"),
    has_placeholders: Annotated[
        bool,
        typer.Option("--placeholders", help="Fill the files of tasks without a model with one constant answer each."),
    ] = False,
    to_check: Annotated[
        Path | None, typer.Option("--check", metavar="FILE", help="Only check a zip file that is there already.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Answer the test sets of GLUE and write the eleven files that its server takes, zipped.

    Every file is checked for its number of rows and its labels. A model of MNLI answers the diagnostic set too.
    """
    from potstill.suites import check_submission, write_submission

    console = make_console()
    if to_check is not None:
        _refuse_models(models)
        constant = check_submission(to_check)
        if as_json:
            print_json({"file": str(to_check), "constant": list(constant)})
            return
        console.print(f"{to_check}: complete" + _one_answer(constant), markup=False)
        return
    chosen = _choose(models or [], is_complete=not has_placeholders)
    check_file(out)
    answers = _answer(chosen, data)
    filled = write_submission(out, answers, allow_placeholders=has_placeholders)
    if as_json:
        print_json({"file": str(out), "answered": list(answers), "constant": list(filled)})
        return
    console.print(f"{out}: {len(answers)} files answered by models{_filled(filled)}", markup=False)


def _refuse_models(models: list[str] | None) -> None:
    if models:
        raise DataError("--check: a check takes no models; leave them out.")


def _choose(models: list[str], *, is_complete: bool) -> dict[str, str]:
    """Give the model of each task; refuse what is incomplete before any model has been at work."""
    from potstill.data import known_task_names

    chosen = dict(map(_task_of, models))
    if len(chosen) < len(models):
        raise RunError("two of the models are for the same task; give one for each.")
    if not chosen:
        raise DataError("there is nothing to submit; give run folders, or TASK=MODEL.")
    missing = [name for name in known_task_names() if name not in chosen]
    if missing and is_complete:
        raise DataError(
            f"there is no model for {', '.join(missing)}, and the server wants a file for each; give one for each, or "
            "pass --placeholders to fill their files with one constant answer."
        )
    return chosen


def _task_of(model: str) -> tuple[str, str]:
    """Say which task a model is for, by what the user wrote before `=` or by the run's recipe."""
    from potstill.data import find_known_task, known_task_names
    from potstill.recipe import read_run_data
    from potstill.run_folder import RunFolder

    name, equals, rest = model.partition("=")
    if equals:
        task = find_known_task(name)
        if task is None:
            raise DataError(f"{model}: there is no task '{name}'.{did_you_mean(name, known_task_names())}")
        return task, rest
    run = RunFolder(path=expand_user(model))
    if not run.recipe.is_file():
        raise RunError(f"'{model}' is no run folder, so its task is not known; write it as TASK={model}.")
    if not run.student.is_dir():
        raise RunError(f"'{model}' has no student/ yet; finish the run with --resume.")
    own = read_run_data(run.recipe).task
    if own is None or own not in known_task_names():
        raise RunError(f"'{model}' is a run on task '{own or 'data of its own'}', which the GLUE server does not know.")
    return own, model


def _answer(chosen: dict[str, str], data: str | None) -> dict[str, list[str]]:
    from potstill.pipeline import answer_test_sets

    if data is None:
        raise DataError("nothing says where the test sets are; give the GLUE folder with --data.")
    answers: dict[str, list[str]] = {}
    for task, model in chosen.items():
        answers |= answer_test_sets(model, task, data, callback=ConsoleCallback())
    return answers


def _filled(names: tuple[str, ...]) -> str:
    return f"; {len(names)} filled with one constant answer: {', '.join(names)}" if names else ""


def _one_answer(names: tuple[str, ...]) -> str:
    return f"; one constant answer in {', '.join(names)}" if names else ""
