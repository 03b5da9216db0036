"""What a program calls: a suite from its name to its tables, as the command `suite` does."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from potstill.recipes import Overrides, list_overrides
from potstill.results import Table
from potstill.suites.board import Board
from potstill.suites.config import Suite, load_suite
from potstill.suites.grid import Cell, SuiteFolder
from potstill.suites.rendering import collect_tables
from potstill.suites.run import SuiteRun, choose_cells, open_workers, run_suite
from potstill.suites.scores import read_scores


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSuite:
    """A suite with all that was asked for, and where it will run.

    Attributes:
        suite: The suite.
        folder: Its folder.
        cells: Its runs, or those that were chosen of them.
    """

    suite: Suite
    folder: SuiteFolder
    cells: tuple[Cell, ...]

    def run(self, *, workers: int = 0, ray: str | None = None, console: Console | None = None) -> SuiteRun:
        """Run what is missing.

        Args:
            workers: Runs at a time, each in a process of its own; 0: all in this process.
            ray: Address of a Ray cluster; absent: this machine.
            console: Draws the grid; absent: silence.

        Returns:
            What became of it.

        Raises:
            PotstillError: The suite, its data or its folder cannot be used.
        """
        with Board(self.cells, self.folder, console or Console(quiet=True)) as board:
            return run_suite(self.suite, self.folder.path, open_workers(workers, ray=ray), board, cells=self.cells)


def plan_suite(
    name: str | Path | Suite,
    *,
    data: str | Path | None = None,
    corpus: Sequence[str | Path] = (),
    teacher_base: str | None = None,
    tasks: Sequence[str] = (),
    systems: Sequence[str] = (),
    seeds: Sequence[int] = (),
    overrides: Overrides = (),
    out: str | Path | None = None,
) -> PlannedSuite:
    """Read a suite with all that was asked for, and choose its folder.

    Args:
        name: As in `suite`.
        data: As in `suite`.
        corpus: As in `suite`.
        teacher_base: As in `suite`.
        tasks: As in `suite`.
        systems: As in `suite`.
        seeds: As in `suite`.
        overrides: As in `suite`.
        out: As in `suite`.

    Returns:
        What will run, and where.

    Raises:
        RecipeError: The suite does not exist, or something in it is wrong.
    """
    fields: dict[str, Any] = {
        "data": None if data is None else str(data),
        "corpus": [str(each) for each in corpus] or None,
        "seeds": list(seeds) or None,
    }
    loaded = name if isinstance(name, Suite) else load_suite(str(name), fields=fields)
    teacher = loaded.teacher if teacher_base is None else loaded.teacher.model_copy(update={"base": teacher_base})
    changes = (*loaded.set, *list_overrides(overrides))
    loaded = loaded.model_copy(update={"set": changes, "teacher": teacher})
    folder = SuiteFolder(path=Path("runs") / f"suite-{loaded.name}" if out is None else Path(out))
    return PlannedSuite(suite=loaded, folder=folder, cells=choose_cells(loaded, tasks=tasks, systems=systems))


def suite(
    name: str | Path | Suite,
    *,
    data: str | Path | None = None,
    corpus: Sequence[str | Path] = (),
    teacher_base: str | None = None,
    tasks: Sequence[str] = (),
    systems: Sequence[str] = (),
    seeds: Sequence[int] = (),
    overrides: Overrides = (),
    out: str | Path | None = None,
    workers: int = 0,
    console: Console | None = None,
) -> SuiteRun:
    """Run a grid of systems, tasks and seeds; the same call again does only what is missing.

    Args:
        name: A shipped suite's name, a .toml file, or a suite.
        data: Folder of the benchmark.
        corpus: Plain text, for systems that learn from it before the task.
        teacher_base: The encoder that is fine-tuned into a teacher for each task.
        tasks: Only these tasks; empty: all.
        systems: Only these rows; empty: all.
        seeds: These seeds, not the suite's.
        overrides: Changes of every recipe, as in `distill`.
        out: The suite's folder; absent: `runs/suite-NAME`.
        workers: Runs at a time, each in a process of its own; 0: all in this process.
        console: Draws the grid; absent: silence.

    Returns:
        What became of it; `tables(run.folder)` gives its tables.

    Raises:
        PotstillError: The suite, its data or its folder cannot be used.
    """
    planned = plan_suite(
        name,
        data=data,
        corpus=corpus,
        teacher_base=teacher_base,
        tasks=tasks,
        systems=systems,
        seeds=seeds,
        overrides=overrides,
        out=out,
    )
    return planned.run(workers=workers, console=console)


def tables(path: str | Path | None = None, *, published: Sequence[str] = ()) -> list[Table]:
    """Give the tables of a suite or of runs beside the published figures, as the command `tables` prints them.

    Args:
        path: Folder of a suite, of a run, or of several runs.
        published: Published tables to show beside it, or alone.

    Returns:
        The tables; `print(table)` shows one, `table.to_frame()` gives it to pandas.

    Raises:
        PotstillError: There are no results, or no such published table.
    """
    sheet = None if path is None else read_scores(Path(path))
    return list(collect_tables(sheet, tuple(published)))
