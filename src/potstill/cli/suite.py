"""The command `suite`: a grid of runs, worked through or listed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from potstill.cli.options import AsJson, Plugins
from potstill.cli.output import Stopped, make_console, print_json, print_list, print_table, tell_new_names
from potstill.errors import RunError
from potstill.plugins import load_plugins

if TYPE_CHECKING:
    from potstill.suites import Cell, Suite, SuiteFolder, SuiteRun

SUITE_EXAMPLES = """
[bold]Examples[/]

  [dim]# what there is, and what is in one[/]
  potstill suite
  potstill suite tinybert-paper-table5 --data glue_data --teacher-base bert-base-uncased --dry-run

  [dim]# a few minutes on real questions and film reviews; the same command goes on where it was stopped[/]
  potstill suite smoke

  [dim]# two tasks of it, five seeds, three runs at a time[/]
  potstill suite methods --data glue_data --task cola --task sst-2 --seed 0 --seed 1 --seed 2 --workers 3

  [dim]# a suite of your own, on a Ray cluster that shares the disk[/]
  potstill suite my-suite.toml --ray auto
"""

_GRID = "Grid"
_RUN = "Run"


def suite(
    name: Annotated[
        str | None, typer.Argument(metavar="[SUITE]", help="A shipped suite's name or a .toml file; none: list them.")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option("--data", metavar="PATH", rich_help_panel=_GRID, help="Folder of the benchmark, such as GLUE's."),
    ] = None,
    corpus: Annotated[
        list[str] | None,
        typer.Option(
            "--corpus",
            metavar="PATH",
            rich_help_panel=_GRID,
            help="Plain text, for systems that learn from it before the task; can be given often.",
        ),
    ] = None,
    teacher_base: Annotated[
        str | None,
        typer.Option(
            "--teacher-base",
            metavar="MODEL",
            rich_help_panel=_GRID,
            help="The encoder that is fine-tuned into a teacher for each task.",
        ),
    ] = None,
    tasks: Annotated[
        list[str] | None,
        typer.Option("--task", metavar="NAME", rich_help_panel=_GRID, help="Only this task; can be given often."),
    ] = None,
    systems: Annotated[
        list[str] | None,
        typer.Option("--system", metavar="NAME", rich_help_panel=_GRID, help="Only this row; can be given often."),
    ] = None,
    seeds: Annotated[
        list[int] | None,
        typer.Option(
            "--seed", metavar="N", rich_help_panel=_GRID, help="This seed, not the suite's; can be given often."
        ),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="PATH=VALUE",
            rich_help_panel=_GRID,
            help="Change a field of every recipe; can be given often. Fields of 'data' change for the teachers too.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FOLDER", rich_help_panel=_RUN, help="The suite's folder. Left out: runs/suite-NAME."
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            metavar="N",
            min=0,
            rich_help_panel=_RUN,
            help="Runs at a time, each in a process of its own (default: 1). 0: all in this process.",
        ),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            "--ray",
            metavar="ADDRESS",
            rich_help_panel=_RUN,
            help="Give the runs to a Ray cluster that shares the disk: 'auto' for this machine's, or HOST:PORT.",
        ),
    ] = None,
    plugins: Plugins = None,
    is_dry: Annotated[
        bool, typer.Option("--dry-run", rich_help_panel=_RUN, help="List the runs and how far they are; run nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run a grid of systems, tasks and seeds, and print its tables beside the published ones.

    Every cell is a run folder like those of 'potstill distill'; teachers are fine-tuned once for each task and shared.
    What fails is tried once more and does not stop the rest. The same command again does only what is missing. At
    the end report.html in the suite's folder compares all runs.
    """
    from potstill.suites import plan_suite

    load_plugins(plugins or ())
    if name is None:
        _print_suites(as_json=as_json)
        return
    tell_new_names([name])
    planned = plan_suite(
        name,
        data=data,
        corpus=corpus or (),
        teacher_base=teacher_base,
        tasks=tasks or (),
        systems=systems or (),
        seeds=seeds or (),
        overrides=changes or (),
        out=out,
    )
    if is_dry:
        _print_plan(planned.cells, planned.folder, as_json=as_json)
        return
    number = workers if workers is not None else 0 if ray is not None else 1
    try:
        run = planned.run(workers=number, ray=ray, console=make_console(stderr=True))
    except KeyboardInterrupt:
        raise Stopped(f"what is finished lies in {planned.folder.path}; the same command goes on") from None
    _print_outcome(run, planned.folder, as_json=as_json)


def _print_suites(*, as_json: bool) -> None:
    from potstill.suites import load_suite, shipped_suites

    loaded = [load_suite(name) for name in shipped_suites()]
    if as_json:
        print_json([{"name": item.name, "description": item.description} for item in loaded])
        return
    print_list(("suite", "what it compares", "systems", "tasks", "seeds"), map(_describe, loaded))


def _describe(suite: "Suite") -> tuple[str, ...]:
    systems = len(suite.systems) * max(1, len(suite.variants))
    tasks = ", ".join(task.name for task in suite.tasks)
    return (suite.name, suite.description, str(systems), tasks, str(len(suite.seeds)))


def _print_plan(cells: "tuple[Cell, ...]", folder: "SuiteFolder", *, as_json: bool) -> None:
    """List what would be run."""
    if as_json:
        print_json([{"run": cell.id, "state": folder.state(cell), **cell.to_json()} for cell in cells])
        return
    rows = (
        (cell.id, cell.row, cell.task, str(cell.seed), cell.recipe.name, ", ".join(cell.waits_for), folder.state(cell))
        for cell in cells
    )
    print_list(("run", "system", "task", "seed", "recipe", "waits for", "state"), rows)
    missing = [cell for cell in cells if folder.state(cell) != "finished"]
    told = f"{len(missing)} of {len(cells)} runs are to be made, in {folder.path}; {_estimate(missing, folder)}"
    make_console().print(told, markup=False)


def _estimate(missing: "list[Cell]", folder: "SuiteFolder") -> str:
    from potstill.suites import estimate_missing
    from potstill.timing import format_seconds

    estimate = estimate_missing(missing, folder)
    if estimate is None:
        return "how long they take can be told once one like them is finished"
    return f"about {format_seconds(estimate)} of training with one at a time, after those that are finished"


def _print_outcome(run: "SuiteRun", folder: "SuiteFolder", *, as_json: bool) -> None:
    """Print the tables and where they lie, then what failed."""
    from potstill.suites import collect_tables, read_scores, write_tables

    outcome = run.outcome
    if outcome.finished:
        sheet = read_scores(folder.path)
        write_tables(sheet, folder.tables)
        if not as_json:
            for table in collect_tables(sheet):
                print_table(table)
            make_console().print(f"tables: {folder.tables}/tables.md, .tex, .csv", markup=False)
            make_console().print(f"report: {folder.report}", markup=False)
    if as_json:
        values = {"finished": outcome.finished, "failed": outcome.failed, "skipped": outcome.skipped}
        print_json({"folder": str(folder.path), **values})
    if outcome.failed:
        first, reason = next(iter(outcome.failed.items()))
        skipped = f", and {len(outcome.skipped)} wait for them" if outcome.skipped else ""
        raise RunError(
            f"{len(outcome.failed)} of {len(run.cells)} runs failed twice ({', '.join(outcome.failed)}){skipped}; the "
            f"first: {reason.rstrip('.')}; its log is {folder.log(first)}."
        )
