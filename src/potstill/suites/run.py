"""Run a suite, from its grid to its report; a second call does only what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from potstill.data import DataConfig, load_task_data
from potstill.errors import RecipeError, did_you_mean
from potstill.reporting import write_suite_report
from potstill.results import Results
from potstill.suites.config import Suite
from potstill.suites.grid import Cell, SuiteFolder
from potstill.suites.planning import plan_cells, row_names
from potstill.suites.schedule import Outcome, Watcher, run_cells
from potstill.suites.workers import InProcess, LocalProcesses, RayCluster, Workers


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteRun:
    """A suite that was worked through.

    Attributes:
        folder: Its folder.
        cells: Its grid.
        outcome: What became of each cell.
    """

    folder: Path
    cells: tuple[Cell, ...]
    outcome: Outcome


def open_workers(num_workers: int, *, ray: str | None = None) -> Workers:
    """Choose where cells run.

    Args:
        num_workers: Processes at a time; 0 = this process, one cell after another.
        ray: Address of a Ray cluster, or None for this machine.

    Returns:
        Who runs them.

    Raises:
        RunError: Ray is not installed or there is no such cluster.
    """
    if ray is not None:
        return RayCluster(ray, num_slots=num_workers or None)
    return LocalProcesses(num_workers) if num_workers else InProcess()


def run_suite(
    suite: Suite, out: Path, workers: Workers, watcher: Watcher, *, cells: tuple[Cell, ...] | None = None
) -> SuiteRun:
    """Run the cells of a suite that are not finished.

    Args:
        suite: The suite.
        out: Its folder; one that was begun is gone on with.
        workers: Who runs the cells; closed at the end.
        watcher: Who is told how it goes.
        cells: Which of its cells, from `choose_cells`; None = all.

    Returns:
        What became of it. Cells that failed are told there and nothing is raised for them. `report.html` in its folder
        compares all that are finished.

    Raises:
        PotstillError: The suite, its data or its folder cannot be used; no cell has begun then.
    """
    try:
        cells = plan_cells(suite) if cells is None else cells
        folder = SuiteFolder(path=out)
        missing = [cell for cell in cells if folder.state(cell) != "finished"]
        for config in _different_data(missing):
            load_task_data(config)
        folder.open(suite, cells)
        outcome = run_cells(cells, folder, workers, watcher)
    finally:
        workers.close()
    runs = [cell for cell in plan_cells(suite) if not cell.is_general and folder.state(cell) == "finished"]
    if runs:
        write_suite_report([folder.run(cell).path for cell in runs], folder.report)
    return SuiteRun(folder=out, cells=cells, outcome=outcome)


def choose_cells(suite: Suite, *, tasks: Sequence[str] = (), systems: Sequence[str] = ()) -> tuple[Cell, ...]:
    """List the cells of a suite, or of some of its tasks and systems, with those that they wait for.

    Args:
        suite: The suite.
        tasks: Names of its tasks; empty = all.
        systems: Names of its rows; empty = all.

    Returns:
        The cells, in the order in which they are worked through.

    Raises:
        RecipeError: The suite has no such task or system, or a recipe or change in it does not fit.
    """
    names = {"task": [task.name for task in suite.tasks], "system": list(row_names(suite))}
    for kind, name in [*(("task", name) for name in tasks), *(("system", name) for name in systems)]:
        if name not in names[kind]:
            near = did_you_mean(name, names[kind])
            raise RecipeError(f"--{kind} {name}: suite '{suite.name}' has no such {kind}.{near}")
    cells = plan_cells(suite)
    wanted_tasks, wanted_rows = tasks or names["task"], systems or names["system"]
    chosen = [cell for cell in cells if cell.task in wanted_tasks and cell.row in wanted_rows]
    awaited = {name for cell in chosen for name in cell.waits_for}
    return tuple(cell for cell in cells if cell in chosen or cell.id in awaited)


def _different_data(cells: list[Cell]) -> list[DataConfig]:
    """List the data of cells, each once."""
    on_tasks = [cell.recipe.data for cell in cells if not cell.is_general]
    found: dict[str, DataConfig] = {config.model_dump_json(): config for config in on_tasks}
    return list(found.values())


def estimate_missing(missing: Sequence[Cell], folder: SuiteFolder) -> float | None:
    """Tell how long runs will train, from finished ones of the same system and task, or else of the same task.

    Args:
        missing: Runs that are not finished.
        folder: Where the finished ones lie.

    Returns:
        Seconds, one run at a time; None where a task has no finished run.
    """
    known = _training_seconds(folder)
    total = 0.0
    for cell in missing:
        same = known.get((cell.row, cell.task)) or [
            seconds for (_, task), times in known.items() if task == cell.task for seconds in times
        ]
        if not same:
            return None
        total += sum(same) / len(same)
    return total


def _training_seconds(folder: SuiteFolder) -> dict[tuple[str, str], list[float]]:
    """Collect the seconds that finished runs trained, their controls too."""
    known: dict[tuple[str, str], list[float]] = {}
    for request in folder.requests():
        results = folder.runs / request.stem / "results.json"
        cell = folder.read_request(request.stem)
        if results.is_file() and not cell["is_general"]:
            seconds = sum(model.training_seconds or 0.0 for model in Results.read(results).models)
            known.setdefault((cell["row"], cell["task"]), []).append(seconds)
    return known
