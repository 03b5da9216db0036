"""What a command prints: results to stdout, everything for people to stderr."""

import json
import shlex
import sys
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from potstill.errors import RunError
from potstill.files import follow_link
from potstill.plugins import given_plugins, load_plugins
from potstill.processes import choose_device
from potstill.run_folder import RunFolder

if TYPE_CHECKING:
    from potstill.pipeline import Run
    from potstill.results import Results, Table

_FILE_WIDTH = 240
"""Columns where the output goes to a file: wide enough that no table is folded."""


class Stopped(Exception):  # noqa: N818 - not an error
    """The user stopped the run; the text says how to go on."""


def begin(plugins: Sequence[str] | None, device: str | None) -> None:
    """Load what the user gives beside the recipe, and run where the user wants it."""
    load_plugins(plugins or ())
    if device is not None:
        choose_device(device)


def tell_new_names(names: Iterable[str]) -> None:
    """Say which of them are called otherwise now."""
    from potstill.published import find_new_name

    for name in names:
        if (new := find_new_name(name)) is not None:
            make_console(stderr=True).print(f"'{name}' is called '{new}' now", markup=False)


def make_console(*, stderr: bool = False) -> Console:
    """Open a console on stdout or stderr that never folds what goes to a file."""
    console = Console(stderr=stderr, highlight=False, soft_wrap=True, emoji=False)
    width = None if console.is_terminal else _FILE_WIDTH
    return Console(stderr=stderr, highlight=False, soft_wrap=True, emoji=False, width=width)


def print_json(value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Print a value as JSON to stdout."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def print_table(table: "Table", *, has_frame: bool = False) -> None:
    """Print a table to stdout."""
    from potstill.results import to_terminal

    make_console().print(to_terminal(table, has_frame=has_frame))


def print_list(names: Sequence[str], rows: Iterable[tuple[str, ...]]) -> None:
    """Print what there is of something, columns of words in a frame."""
    from potstill.results import Table, word_columns

    print_table(Table(columns=word_columns(*names), rows=tuple(rows)), has_frame=True)


def print_results(results: "Results") -> None:
    """Print the table of what was measured, and above it what is wrong with the models."""
    from potstill.results import find_warnings, make_table

    for warning in find_warnings(results):
        make_console().print(warning, markup=False, style="bold")
    print_table(make_table(results))


def print_run(run: "Run", *, as_json: bool) -> None:
    """Print what a run made and how to use it."""
    if as_json:
        values = {
            "folder": str(run.folder),
            "student": str(run.student),
            "results": run.results.model_dump(mode="json"),
        }
        print_json(values)
        return
    print_results(run.results)
    make_console().print(run.tell(), markup=False)


def check_file(path: Path | None) -> None:
    """Refuse a file that could not be written later, before any work is done."""
    if path is not None:
        follow_link(path)
    if path is not None and path.is_dir():
        raise RunError(f"--out {path}: this is a folder; give the name of a file.")
    if path is not None and not path.parent.is_dir():
        raise RunError(f"--out {path}: the folder '{path.parent}' does not exist; make it first.")


@contextmanager
def resumable(folder: Path) -> Generator[None]:
    """Tell how to go on where the user stops a run."""
    try:
        yield
    except KeyboardInterrupt:
        recipe = RunFolder(path=folder).recipe
        if not recipe.is_file():
            raise Stopped("the run had not begun; give the same command to start again") from None
        plugins = "".join(f" --plugin {shlex.quote(name)}" for name in given_plugins())
        raise Stopped(f"go on with: potstill distill {shlex.quote(str(recipe))}{plugins} --resume") from None
